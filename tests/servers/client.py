"""A client of the library `websockets`: each case in turn against one server, and a line of JSON for each of what
came of it. `client.py ADDRESS PORT HOST`."""

import asyncio
import hashlib
import json
import sys

import websockets

ADDRESS, PORT, HOST = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def connect(path, **options):
    options = {"max_size": None, "ping_interval": None, "close_timeout": 5, "compression": None, **options}
    return websockets.connect(f"ws://{HOST}{path}", host=ADDRESS, port=PORT, **options)


def short(message):
    data = message.encode() if isinstance(message, str) else message
    if len(data) <= 64:
        return message if isinstance(message, str) else list(data)
    return [type(message).__name__, len(data), hashlib.sha256(data).hexdigest()]


async def echo(*messages, **options):
    async with connect("/echo", **options) as socket:
        came = []
        for message in messages:
            await socket.send(message)
            came.append(short(await socket.recv()))
        return came


async def until_closed(path, *messages):
    """What arrives, and the close as it came."""
    async with connect(path) as socket:
        came = []
        try:
            for message in messages:
                await socket.send(message)
            while True:
                came.append(short(await socket.recv()))
        except websockets.ConnectionClosed as closed:
            return [came, [closed.rcvd.code, closed.rcvd.reason] if closed.rcvd else None]


async def receives(path, count):
    async with connect(path) as socket:
        return [short(await socket.recv()) for _ in range(count)]


async def closes_with(code, reason):
    """Closes, and what the server heard of it."""
    socket = await connect("/heard")
    if code is None:
        # A close without a code, which the library's `close` always gives one.
        await socket.write_frame(True, 8, b"")
    else:
        await socket.close(code, reason)
    await socket.wait_closed()
    return await receives("/last", 1)


async def leaves():
    """Breaks off without a close, and what the server heard of it."""
    socket = await connect("/heard")
    socket.transport.abort()
    return await receives("/last", 1)


async def pings():
    async with connect("/echo") as socket:
        for payload in [b"", b"x" * 125]:
            await asyncio.wait_for(await socket.ping(payload), 10)
        await socket.pong(b"nobody asked")
        await socket.send("still here")
        return await socket.recv()


async def chosen(*wanted):
    async with connect("/echo", subprotocols=wanted or None) as socket:
        return socket.subprotocol


async def refused():
    try:
        async with connect("/refused"):
            return "opened"
    except websockets.InvalidStatusCode as error:
        return [error.status_code, error.headers.get("x-why")]


async def broken_text():
    """Text that is not UTF-8 is for whoever receives it first to refuse."""
    async with connect("/echo") as socket:
        await socket.write_frame(True, 1, b"\xce\xba\xed\xa0\x80")
        try:
            return short(await socket.recv())
        except websockets.ConnectionClosed as closed:
            return [closed.rcvd.code] if closed.rcvd else None


CASES = {
    "text": lambda: echo("hello", "", "\u00e9\u20ac\U0001f600", "\u0000", "\ufeffbom", "\U0010ffff"),
    "binary": lambda: echo(b"", b"\x00\xff", bytes(range(256)) * 300),
    "a message of 125, 126, 127, 65535 and 65536 bytes": lambda: echo(
        *(b"x" * length for length in [125, 126, 127, 65535, 65536])
    ),
    "many small ones": lambda: echo(*(f"number {n}" for n in range(200))),
    "16 MB of text": lambda: echo("x\u00e9" * (16 * 1000 * 1000 // 3)),
    "16 MB of bytes": lambda: echo(b"x" * (16 * 1000 * 1000)),
    "16 MB from the server": lambda: receives("/big/16000000", 1),
    "fragments from the client": lambda: echo(["frag", "men", "ts"], [b"\x00", b"\xff"], ["\u00e9", "", "x"]),
    "fragments from the server": lambda: receives("/fragments", 2),
    "compression offered": lambda: echo("x" * 10000, compression="deflate"),
    "text that is not UTF-8": broken_text,
    "pings of the client": pings,
    "pings of the server": lambda: receives("/ping", 1),
    "close 1000 of the server": lambda: until_closed("/close/1000"),
    "close 1001 of the server": lambda: until_closed("/close/1001/away"),
    "close 1008 of the server": lambda: until_closed("/close/1008/policy"),
    "close 3000 of the server": lambda: until_closed("/close/3000/library"),
    "close 4999 of the server": lambda: until_closed("/close/4999/" + "r" * 123),
    "close 1000 of the client": lambda: closes_with(1000, ""),
    "close 1001 of the client": lambda: closes_with(1001, "away"),
    "close 1008 of the client": lambda: closes_with(1008, "policy"),
    "close 3000 of the client": lambda: closes_with(3000, "library"),
    "close 4999 of the client": lambda: closes_with(4999, "r" * 123),
    "close without a code": lambda: closes_with(None, None),
    "the server breaks off": lambda: until_closed("/abrupt", "go"),
    "the client breaks off": leaves,
    "a sub-protocol": lambda: chosen("unknown", "superchat"),
    "no sub-protocol": lambda: chosen(),
    "a refusal": refused,
}


async def main():
    for name, case in CASES.items():
        try:
            came = await asyncio.wait_for(case(), 30)
        except Exception as error:
            came = repr(error)
        print(json.dumps([name, came]), flush=True)


asyncio.run(main())
