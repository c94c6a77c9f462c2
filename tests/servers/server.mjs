// Node's own `http`: it says what it saw, gives each shape of an answer, and tells afterwards what became of those who
// asked.
import { createHash } from "node:crypto";
import http from "node:http";
import { gzipSync } from "node:zlib";

const PIECE = Buffer.from(Array.from({ length: 251_000 }, (_, at) => at % 251));
// What happened to a request by its name: `begun`, `whole`, `aborted`, `closed`.
const fates = new Map();
// Answers that go on when they are told to.
const held = new Map();

async function echo(request, response) {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of request) {
    hash.update(chunk);
    length += chunk.length;
  }
  const headers = [];
  for (let at = 0; at < request.rawHeaders.length; at += 2) headers.push(request.rawHeaders.slice(at, at + 2));
  const { method, url: target, trailers } = request;
  const seen = { method, target, headers, length, sha256: hash.digest("hex"), trailers };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(seen));
}

async function big(response, length, sized, name) {
  response.on("close", () => response.writableFinished || fates.set(name, "closed"));
  if (sized) response.setHeader("content-length", length);
  for (let left = length; left > 0; left -= PIECE.length) {
    if (response.destroyed) return;
    fates.set(name, String(length - Math.max(left - PIECE.length, 0)));
    if (!response.write(PIECE.subarray(0, left))) await new Promise((go) => response.once("drain", go).once("close", go));
  }
  response.end();
}

const answers = {
  sized: (response) => {
    response.setHeader("content-length", 5);
    response.end("sized");
  },
  chunked: (response) => {
    response.write("one,");
    response.end("two");
  },
  "empty-sized": (response) => {
    response.setHeader("content-length", 0);
    response.end();
  },
  "empty-chunked": (response) => {
    response.flushHeaders();
    response.end();
  },
  gzip: (response) => {
    response.writeHead(200, { "content-encoding": "gzip", etag: '"g"', vary: "accept-encoding" });
    response.end(gzipSync("compressed by the application"));
  },
  strange: (response) => {
    response.setHeader("content-encoding", "br");
    response.end("which is not brotli");
  },
  repeated: (response) => {
    response.setHeader("set-cookie", ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2", "a=1"]);
    response.setHeader("x-twice", ["one", "two, three", "one"]);
    response.setHeader("www-authenticate", ['Basic realm="a"', "Bearer"]);
    response.setHeader("link", ["</a>; rel=preload", "</b>; rel=next"]);
    response.statusCode = 401;
    response.end();
  },
  odd: (response) => {
    response.setHeader("x-latin", "caf\xe9 \xff\x80");
    response.setHeader("x-utf-8", Buffer.from("café €").toString("latin1"));
    response.setHeader("x-empty", "");
    response.setHeader("x-odd.name_!#$%&'*+^`|~", "1");
    response.setHeader("content-type", "text/plain;charset=utf-8");
    response.setHeader("location", "../up?x=%2F#f");
    response.setHeader("refresh", "5");
    response.end("odd");
  },
  many: (response) => {
    for (let at = 0; at < 150; at++) response.setHeader(`x-many-${at}`, "v".repeat(300));
    response.end("many");
  },
  trailers: (response) => {
    // Node refuses them where there is no body.
    const has = response.req.method !== "HEAD";
    if (has) response.setHeader("trailer", "x-sum");
    response.write("body");
    if (has) response.addTrailers({ "x-sum": "1" });
    response.end();
  },
  hints: (response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: "</style.css>; rel=preload" }, () => response.end("after the hints"));
  },
};

const routes = {
  echo,
  status: (_, response, [code]) => {
    response.statusCode = Number(code);
    response.setHeader("x-status", code);
    response.end();
  },
  answer: (_, response, [name]) => answers[name](response),
  // Any bytes at all, and then the end of the connection.
  raw: (request, _, [bytes]) => request.socket.end(Buffer.from(bytes, "base64url")),
  // The same, and then a reset.
  die: (request, _, [bytes]) =>
    request.socket.write(Buffer.from(bytes, "base64url"), () => request.socket.resetAndDestroy()),
  big: (_, response, [length, sized, name]) => big(response, Number(length), sized === "sized", name),
  // An answer that begins and stays open until `/release/NAME`, with what was said to it.
  hold: (request, response, [name]) => {
    fates.set(name, "begun");
    held.set(name, response);
    response.on("close", () => fates.set(name, response.writableFinished ? "whole" : "closed"));
    response.setHeader("content-type", "text/event-stream");
    response.write("data: first\n\n");
  },
  // Nothing is answered before `/release/NAME`.
  poll: (_, response, [name]) => {
    fates.set(name, "begun");
    held.set(name, response);
    response.on("close", () => fates.set(name, response.writableFinished ? "whole" : "closed"));
  },
  release: (_, response, [name, last]) => {
    held.get(name)?.[last ? "end" : "write"]("data: next\n\n");
    response.end(String(held.has(name)));
  },
  swallow: async (request, response, [name]) => {
    fates.set(name, "begun");
    let length = 0;
    try {
      for await (const chunk of request) length += chunk.length;
      fates.set(name, "whole");
      response.end(String(length));
    } catch {
      fates.set(name, "aborted");
    }
  },
  // Answers without reading what is sent.
  refuse: (_, response) => {
    response.statusCode = 413;
    response.end("no, thank you");
  },
  smuggled: (_, response) => {
    fates.set("smuggled", "arrived");
    response.end();
  },
  fate: (_, response, [name]) => response.end(fates.get(name) ?? "unheard"),
};

const server = http.createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
  const [, route, ...rest] = request.url.split(/[/?;]/);
  const answer = routes[route];
  if (!answer) {
    response.statusCode = 404;
    return response.end();
  }
  return answer(request, response, rest);
});
server.requestTimeout = 0;
server.listen(8000, "0.0.0.0");
process.on("SIGTERM", () => process.exit(0));
