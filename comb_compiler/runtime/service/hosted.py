"""A process that answers no requests itself: it hosts operators for the one that does, and says over HTTP how it is."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from comb_compiler.runtime.engine import Limits
from comb_compiler.runtime.peers import Peer
from comb_compiler.runtime.service.assembly import Source
from comb_compiler.runtime.service.lifecycle import Stop, until_stopped
from comb_compiler.runtime.service.service import Addresses, address_of
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.starting import starting
from comb_compiler.runtime.service.tls import open_certificates
from comb_compiler.runtime.service.web import WebServer
from comb_compiler.runtime.service.web.site import Site

__all__ = ["host"]


async def host(source: Source, process: str, settings: Settings, started: Callable[[Addresses], None]) -> bool:
    """Host the bindings of one process of the plan until a signal comes. Whether all calls were answered.

    `started` is called when calls are taken. Raises CannotServe, and what a Peer raises.
    """
    stop = Stop()
    return await until_stopped(_host(source, process, settings, started, stop), stop)


async def _host(
    source: Source, process: str, settings: Settings, started: Callable[[Addresses], None], stop: Stop
) -> bool:
    stage = Stage(settings)
    certificates = open_certificates(settings)
    peer = Peer(
        source.plan,
        process,
        listen=address_of(settings.host, settings.grpc_port),
        locate=source.locate,
        code=source.code,
        workspace=source.workspace,
        limits=Limits(requests=settings.requests),
        credentials=None if certificates is None else certificates.credentials(),
    )
    web = WebServer(Site(stage).respond, settings, certificates)
    port = await web.start()
    try:
        async with AsyncExitStack() as stack:
            with starting():
                await stack.enter_async_context(peer)
            stage.parts = (peer,)
            stop.can_be_in_order = True
            started(Addresses(peer.address, address_of(settings.host, port)))
            await stop.in_order.wait()
            stage.is_going = True
            await asyncio.sleep(settings.settle)
            return await peer.drain(settings.drain)
    finally:
        await web.stop(0.0)
