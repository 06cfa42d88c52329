"""Both servers over TLS: known by a certificate's authority, or not spoken to."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from comb_compiler.samples.elasticsearch_hbase import Credentials, ProductionStore, Settings
from comb_compiler.samples.store import StoreError
from tests.samples.made import record
from tests.servers.certificates import Identity, make_identity
from tests.support.stores import Stores


@contextmanager
def secured(identity: Identity, target: int) -> Iterator[int]:
    """A port at which TLS ends, and from which it goes on to another."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)
    loop = asyncio.new_event_loop()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", target)
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


def test_what_is_put_over_tls_is_found_and_a_stranger_is_not_spoken_to(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    identity, stranger = make_identity(tmp_path / "known"), make_identity(tmp_path / "stranger")
    with secured(identity, stores.elasticsearch.port) as finding, secured(identity, stores.hbase.port) as keeping:
        over_tls = settings._replace(
            urls=(f"https://localhost:{finding}",), host="localhost", port=keeping, tls=True,
            credentials=Credentials(user="ann", password="hush", ca=str(identity.ca)),
        )  # fmt: skip
        store = ProductionStore(over_tls)
        assert store.put([record(1), record(2)]).new == 2
        assert set(store.get([record(1).id])) == {record(1).id}
        store.close()
        untrusted = Credentials(user="ann", password="hush", ca=str(stranger.ca))
        for half in ({"urls": settings.urls}, {"host": settings.host, "port": settings.port, "tls": False}):
            store = ProductionStore(over_tls._replace(credentials=untrusted, **half))
            with pytest.raises(StoreError) as refused:
                store.put([record(3)])
            assert "certificate" in str(refused.value).lower()
            assert "hush" not in str(refused.value)
            store.close()
