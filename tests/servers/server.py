"""Python's own `http.server`, as it is: it speaks HTTP/1.0, and ends an answer by closing."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        if self.path.startswith("/echo"):
            self.echo(body)
        elif self.path.startswith("/status/"):
            self.send_response(int(self.path.split("/")[2]))
            self.end_headers()
        elif self.path.startswith("/big/"):
            self.big(int(self.path.split("/")[2]))
        else:
            self.send_error(404)

    def echo(self, body):
        # Whoever speaks HTTP/1.0 does not decode chunks: they are left unread.
        seen = {
            "method": self.command,
            "target": self.path,
            "headers": self.headers.raw_items(),
            "length": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        self.send_response(200)
        self.send_header("Set-Cookie", "a=1; Path=/")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("X-Latin", "caf\xe9")
        self.send_header("X-Empty", "")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(json.dumps(seen, default=list).encode())

    def big(self, length):
        self.send_response(200)
        self.end_headers()
        piece = bytes(range(251)) * 1000
        while length > 0:
            self.wfile.write(piece[:length])
            length -= len(piece)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
