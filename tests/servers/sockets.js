// A server of the library `ws`: it does what each path says.
const http = require("node:http");
const { WebSocketServer } = require("ws");

let heard;
const answers = {
  echo: (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })),
  close: (socket, [code, reason]) => socket.close(Number(code), decodeURIComponent(reason ?? "")),
  abrupt: (socket) => socket.once("message", () => socket.terminate()),
  ping: (socket) => {
    socket.once("pong", () => socket.send("answered"));
    socket.ping("are you there");
  },
  fragments: (socket) => {
    for (const part of ["frag", "men", "ts"]) socket.send(part, { fin: false });
    socket.send("", { fin: true });
    socket.send(Buffer.from([0]), { fin: false, binary: true });
    socket.send(Buffer.from([255]), { fin: true, binary: true });
  },
  big: (socket, [length]) => socket.send(Buffer.alloc(Number(length))),
  heard: (socket) => socket.on("close", (code, reason) => (heard = [code, reason.toString()])),
  last: (socket) => {
    const looking = setInterval(() => {
      if (!heard) return;
      clearInterval(looking);
      // As the other server says it.
      socket.send(heard[0] === 1006 ? "None" : `[${heard[0]}, '${heard[1]}']`);
      heard = undefined;
    }, 10);
  },
};

const handleProtocols = (wanted) => ["chat", "superchat"].find((it) => wanted.has(it)) ?? false;
const sockets = new WebSocketServer({ noServer: true, handleProtocols, maxPayload: 0 });
const server = http.createServer((_, response) => response.writeHead(426).end());
server.on("upgrade", (request, stream, head) => {
  if (request.url === "/refused") {
    return stream.end("HTTP/1.1 403 Forbidden\r\nX-Why: because\r\nContent-Length: 8\r\n\r\nnot you\n");
  }
  sockets.handleUpgrade(request, stream, head, (socket) => {
    // A client that breaks the protocol is closed by the library, which only says so.
    socket.on("error", () => {});
    const [route, ...rest] = request.url.slice(1).split("/");
    answers[route](socket, rest);
  });
});
server.listen(8000, "0.0.0.0");
