"""A process that answers no requests itself: it hosts operators for the one that does, and says over HTTP how it is."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from comb_compiler import __version__
from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Limits
from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.peers import Peer
from comb_compiler.runtime.service.assembly import Source
from comb_compiler.runtime.service.lifecycle import Stop, until_stopped
from comb_compiler.runtime.service.sentences import starting
from comb_compiler.runtime.service.service import Addresses, address_of
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.tls import open_certificates
from comb_compiler.runtime.service.web import WebServer
from comb_compiler.runtime.service.web.site import Site
from comb_compiler.runtime.telemetry.logs import lines_dropped
from comb_compiler.runtime.telemetry.metrics import Page, arms_of, measures_of, page

__all__ = ["host"]


def _metrics(plan: ExecutionPlan, peer: Peer, stage: Stage, accept: str) -> Page:
    """The families of a service, with calls in the place of requests and steps, which are counted where they begin."""
    about = {"comb": plan.comb, "release": stage.settings.release, "version": __version__}
    measures = [
        Measure("comb_build_info", about, 1),
        Measure("comb_ready", {}, int(not stage.reasons)),
        Measure("comb_calls_under_way", {}, peer.under_way),
        Measure("comb_log_lines_dropped_total", {}, lines_dropped()),
        *measures_of(plan, peer.meters, peer.queues, peer.abandoned),
    ]
    calls = [((arms_of(plan, index), plan.bindings[index].operator), meter) for index, meter in peer.calls]
    return page(measures, accept=accept, calls=calls)


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
    site = Site(stage, lambda accept: _metrics(source.plan, peer, stage, accept))
    web = WebServer(site.respond, settings, certificates)
    port = await web.start()
    try:
        async with AsyncExitStack() as stack:
            with starting():
                await stack.enter_async_context(peer)
            stage.parts = (peer,)
            stop.hear(in_order=True)
            started(Addresses(peer.address, address_of(settings.host, port)))
            await stop.in_order.wait()
            stage.is_going = True
            await asyncio.sleep(settings.settle)
            return await peer.drain(settings.drain)
    finally:
        await web.stop(0.0)
