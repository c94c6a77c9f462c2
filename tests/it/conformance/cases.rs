//! What is asked of each server.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use patr_stories::exchange::Ask;

/// Those that the platform takes; another one is answered 501 before any Worker runs.
pub(crate) const METHODS: [&str; 16] = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "PURGE",
];

/// Targets that somebody in between might want to tidy up.
const TARGETS: [&str; 14] = [
    "/echo/",
    "/echo?",
    "/echo//a///b/",
    "/echo/;a=b;c/d;",
    "/echo?a=1&&b=%20+%2B&a=2&=&%",
    "/echo/%2F%2e%2E%41%7E%7e%c3%a9",
    "/echo/a%00b%0d%0ac",
    "/echo/!$&'()*+,=:@-._~",
    "/echo?q=/?:@!$&()*+,;=-._~",
    "/echo?q=%27%22%3c%3E",
    "/echo?http://elsewhere.example/x",
    "/echo/http://elsewhere.example/x",
    "/echo/%",
    "/echo/%zz?%zz",
];

/// Cases of an application that echoes.
fn echoes() -> Vec<Ask> {
    let mut asks: Vec<Ask> = TARGETS.iter().map(|&target| Ask::get(target)).collect();
    asks.push(Ask::get(format!("/echo/{}", "long/".repeat(3000))));
    asks.push(Ask::get(format!("/echo?{}", "q=1&".repeat(3500))));
    let odd = Ask::get("/echo").header("x-utf-8", "café €").header("x-empty", "");
    asks.push(odd.header("x-odd.name_!#$%&'*+^`|~", "\"quoted, with; signs\"").header("x-tab", "a\tb"));
    let twice =
        Ask::get("/echo").header("x-twice", "one").header("accept", "a/b").header("x-twice", "two, three");
    asks.push(twice.header("accept", "c/d;q=0.5").header("x-twice", "one"));
    asks.push(Ask::get("/echo").header("cookie", "a=1; b=2; c=\"3\"").header("authorization", "Basic YTpi"));
    let conditions = Ask::get("/echo").header("if-none-match", "\"a\", W/\"b\"").header("range", "bytes=0-1");
    // Of those that it knows, the platform would use one by itself.
    asks.push(
        conditions.header("accept-encoding", "zstd, identity;q=0.5").header("cache-control", "no-cache"),
    );
    let long = Ask::get("/echo").header("x-long", "v".repeat(30_000));
    asks.push(long.header("x-longer", "w".repeat(30_000)));
    asks.push(Ask::get("/echo").header("te", "trailers").header("proxy-connection", "keep-alive"));
    asks.push(Ask::with("POST", "/echo", b""));
    asks.push(Ask::with("PUT", "/echo", b"sized \x00\xff\r\n\r\n"));
    asks
}

/// Chunks too, which Python's server does not read.
pub(crate) fn node() -> Vec<Ask> {
    let mut asks = echoes();
    asks.extend(METHODS.iter().map(|&method| Ask { method, ..Ask::get("/echo") }));
    let bodied = METHODS.iter().filter(|method| !["TRACE"].contains(method));
    asks.extend(bodied.map(|&method| Ask::with(method, "/echo", b"a body")));
    let body = vec![7; 300_000];
    for ask in
        [Ask::with("POST", "/echo", b"in chunks").in_chunks(), Ask::with("PATCH", "/echo", b"").in_chunks()]
    {
        asks.push(ask);
    }
    asks.push(Ask { body: Some(body.clone().into()), ..Ask::with("POST", "/echo", b"") });
    asks.push(Ask { body: Some(body.into()), ..Ask::with("PUT", "/echo", b"").in_chunks() });
    asks.push(Ask::with("POST", "/echo", b"expected").header("expect", "100-continue"));
    for status in ["200", "201", "203", "204", "205", "207", "299", "300", "304", "400", "404", "418", "429"]
        .into_iter()
        .chain(["451", "499", "500", "503", "599"])
    {
        asks.extend(
            ["GET", "HEAD", "POST"].map(|method| Ask { method, ..Ask::get(format!("/status/{status}")) }),
        );
    }
    let names = [
        "sized",
        "chunked",
        "empty-sized",
        "empty-chunked",
        "gzip",
        "strange",
        "repeated",
        "odd",
        "many",
        "hints",
    ];
    for name in names.into_iter().chain(["trailers"]) {
        asks.extend(["GET", "HEAD"].map(|method| Ask { method, ..Ask::get(format!("/answer/{name}")) }));
    }
    asks.extend(raw_answers().into_iter().map(|bytes| raw("raw", bytes)));
    asks.push(Ask::get("/big/3000000/sized"));
    asks.push(Ask::get("/big/3000000"));
    asks
}

/// An answer of these bytes.
pub(crate) fn raw(route: &str, bytes: &str) -> Ask {
    Ask::get(format!("/{route}/{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Answers that Node would not write by itself.
fn raw_answers() -> Vec<&'static str> {
    vec![
        "HTTP/1.0 200 OK\r\n\r\nto the end of the connection",
        "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
        "HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Stays: 2\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 A Reason Of Its Own\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;ext=\"1\"\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=1, b=2\r\nset-cookie: c\r\nSET-COOKIE: \r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nETag: W/\"x\"\r\nContent-Length: 77\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nAge: 5\r\nVia: 1.0 old\r\nServer: mine\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/5\r\nContent-Length: 2\r\n\r\nbc",
    ]
}

pub(crate) fn python() -> Vec<Ask> {
    let mut asks = echoes();
    asks.extend(METHODS.iter().map(|&method| Ask { method, ..Ask::get("/echo") }));
    asks.push(Ask { method: "HEAD", ..Ask::get("/echo") });
    for status in [200, 204, 304, 404, 500] {
        asks.push(Ask::get(format!("/status/{status}")));
    }
    asks.push(Ask::get("/big/1000000"));
    asks.push(Ask::get("/nowhere"));
    asks
}

pub(crate) fn nginx() -> Vec<Ask> {
    let mut asks = Vec::new();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        for target in
            ["/lines", "/seen", "/folder", "/missing", "/none", "/gone", "/moved", "/teapot", "/twice"]
        {
            asks.push(Ask { method, ..Ask::get(target) });
        }
    }
    asks.extend(["/seen?a=%20b&&", "/seen//x/;y", "/seen/%2F%2e"].map(Ask::get));
    for range in ["bytes=0-0", "bytes=-5", "bytes=100-", "bytes=5-1", "bytes=999999-", "lines=1-2"] {
        asks.push(Ask::get("/lines").header("range", range));
        asks.push(Ask { method: "HEAD", ..Ask::get("/lines").header("range", range) });
    }
    for encoding in ["gzip", "identity", "gzip;q=0"] {
        asks.push(Ask::get("/lines").header("accept-encoding", encoding));
    }
    asks.push(Ask::get("/lines").header("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT"));
    asks.push(Ask::get("/lines").header("if-none-match", "*"));
    asks.push(Ask::get("/lines").header("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"));
    asks.push(Ask::get("/seen").header("x-odd", "café"));
    asks
}
