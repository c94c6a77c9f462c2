"""A server of the library `websockets`: it does what each path says."""

import asyncio
from http import HTTPStatus

import websockets


async def process_request(path, _):
    if path == "/refused":
        return HTTPStatus.FORBIDDEN, [("X-Why", "because")], b"not you\n"


async def handler(socket):
    words = socket.path.strip("/").split("/")
    if words[0] == "echo":
        async for message in socket:
            await socket.send(message)
    elif words[0] == "close":
        await socket.close(int(words[1]), words[2] if len(words) > 2 else "")
    elif words[0] == "abrupt":
        await socket.recv()
        socket.transport.abort()
    elif words[0] == "ping":
        await (await socket.ping(b"are you there"))
        await socket.send("answered")
    elif words[0] == "fragments":
        await socket.send(["frag", "men", "ts", ""])
        await socket.send([b"\x00", b"\xff"])
    elif words[0] == "big":
        await socket.send(bytes(int(words[1])))
    elif words[0] == "heard":
        # How the client closes is what the next one is told.
        try:
            await socket.recv()
        except websockets.ConnectionClosed as closed:
            heard.append([closed.rcvd.code, closed.rcvd.reason] if closed.rcvd else None)
    elif words[0] == "last":
        while not heard:
            await asyncio.sleep(0.01)
        last = heard.pop()
        await socket.send(f"{last}")


heard = []


async def main():
    options = {"max_size": None, "subprotocols": ["chat", "superchat"], "process_request": process_request}
    async with websockets.serve(handler, "0.0.0.0", 8000, **options):
        await asyncio.Future()


asyncio.run(main())
