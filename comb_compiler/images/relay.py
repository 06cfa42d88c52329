"""Bytes from one door to another: a program of the standard library alone, whose text runs inside containers too.

A container without any network is reached by a socket in a directory that it shares with nobody but its relay.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Awaitable, Callable

__all__ = ["SOURCE", "main"]

Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
_PIECE = 1 << 16


async def _serve(pairs: list[str]) -> None:
    servers = [await _listen(*pair.split("=", 1)) for pair in pairs]
    print("relays", flush=True)  # noqa: T201  whoever started it waits for this
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _listen(here: str, there: str) -> asyncio.Server:
    async def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward = await _open(there)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, onward[1]), _pass_on(onward[0], writer))

    if here.startswith("/"):
        server: asyncio.Server = await asyncio.start_unix_server(arrived, here)
        os.chmod(here, 0o777)  # noqa: S103  who may reach it is said by the directory that it is in
        return server
    host, _, port = here.rpartition(":")
    return await asyncio.start_server(arrived, host, int(port))


async def _open(there: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if there.startswith("/"):
        return await asyncio.open_unix_connection(there)
    host, _, port = there.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Relay until it is ended: each argument is `HERE=THERE`, where both are `host:port` or the path of a socket.

    Where `-` is the first, it ends with its standard input too, and so with whoever started it.
    """
    pairs = sys.argv[1:]
    if pairs[0] == "-":
        threading.Thread(target=_end_with_input, daemon=True).start()
        pairs = pairs[1:]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(pairs))


with open(__file__, encoding="utf-8") as _file:
    SOURCE = f"{_file.read().partition('with open(__file__')[0]}main()\n"
    """The program, for `python -c`."""
