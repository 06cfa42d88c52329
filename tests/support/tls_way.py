"""Where TLS ends before a server that speaks none, as a proxy of a platform's does; and where it is asked who comes."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.certificates import Identity

__all__ = ["secured"]

_REFUSAL = b"""HTTP/1.1 401 Unauthorized\r
content-type: application/json\r
x-elastic-product: Elasticsearch\r
content-length: 32\r
connection: close\r
\r
{"error":{"reason":"who is it"}}"""


@contextmanager
def secured(identity: Identity, target: int, authorization: str = "") -> Iterator[int]:
    """A port at which TLS ends, and from which it goes on to another; of HTTP only with that `authorization`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)
    loop = asyncio.new_event_loop()
    wanted = f"\r\nauthorization: {authorization}\r\n".encode().lower()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = b""
        if authorization:
            with suppress(asyncio.IncompleteReadError):
                first = await reader.readuntil(b"\r\n\r\n")
            if wanted not in first.lower():
                writer.write(_REFUSAL)
                writer.close()
                return
        back, forth = await asyncio.open_connection("127.0.0.1", target)
        forth.write(first)
        await asyncio.gather(_copy(reader, forth), _copy(back, writer))

    server = loop.run_until_complete(asyncio.start_server(lead, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(1 << 16):
            writer.write(content)
            await writer.drain()
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
