"""Carries what connects to a port of this host's loopback to another address: PORT HOST PORT."""

import asyncio
import sys


async def copy(reader, writer):
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()


async def carry(reader, writer):
    try:
        onward_reader, onward = await asyncio.open_connection(sys.argv[2], int(sys.argv[3]))
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(copy(reader, onward), copy(onward_reader, writer))
    for end in (onward, writer):
        end.close()


async def main():
    server = await asyncio.start_server(carry, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
