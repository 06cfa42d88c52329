"""What answers a plan's requests, put together: peers, the engine, the router, and who watches the models' health."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.release import ExecutionPlan, Model
from comb_compiler.runtime.engine import Answering, Engine, Limits, Observer
from comb_compiler.runtime.engine.meters import Measure
from comb_compiler.runtime.health import NOTHING, Health, Saved, measures as of_models, report_json
from comb_compiler.runtime.router import Router, measures as routing, status_of
from comb_compiler.runtime.service.face import Ready, Served
from comb_compiler.runtime.service.recording import recorder_of
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.tls import Certificates, open_certificates
from comb_compiler.runtime.telemetry.metrics import measures_of
from comb_compiler.samples import SampleSet

if TYPE_CHECKING:
    from comb_compiler.runtime.peers import Peers
    from comb_compiler.runtime.recording.recorder import Recorder

__all__ = ["Source", "answering"]


class Source(NamedTuple):
    """A plan, and where that is which it names: models' files, operators' code, their workspace, other processes.

    `weights` is a file of weights that is watched; `goldens` are samples whose answers say whether the models are well,
    and `reference` is what their health is compared with.
    """

    plan: ExecutionPlan
    locate: Callable[[Model], Path]
    code: Path | None = None
    workspace: Path | None = None
    peers: Mapping[str, str] = {}
    weights: Path | None = None
    goldens: SampleSet | None = None
    reference: Saved = NOTHING
    observers: tuple[Observer, ...] = ()


@asynccontextmanager
async def answering(source: Source, settings: Settings) -> AsyncIterator[Served]:
    """Start all that it takes, and end it after the block. Raises what an Engine, Peers and a Router raise."""
    plan = source.plan
    async with AsyncExitStack() as stack:
        ready: list[Ready] = []
        # A service that speaks TLS has peers and a candidate that do, too: with certificates of the same kind.
        certificates = open_certificates(settings)
        credentials = None if certificates is None else certificates.channel_credentials()
        peers = None
        if len(plan.processes) > 1 or source.peers:
            from comb_compiler.runtime.peers import Peers

            unknown = {process.name: "" for process in plan.processes[1:]}
            addresses = {**unknown, **source.peers}
            peers = await stack.enter_async_context(Peers(plan, addresses, credentials=credentials))
            ready.append(peers)
        elsewhere = {} if peers is None else dict(peers.hosts)
        servers = None
        if any(binding.oip for binding in plan.bindings):
            from comb_compiler.runtime.oip import ModelServers

            servers = await stack.enter_async_context(ModelServers(plan))
            elsewhere |= servers.hosts
            ready.append(servers)
        health = _health(source)
        recorder = _watching(stack, source, settings)
        engine = await stack.enter_async_context(
            Engine(
                plan,
                locate=source.locate,
                code=source.code,
                workspace=source.workspace,
                limits=Limits(requests=settings.requests),
                observers=(
                    *source.observers,
                    *(() if health is None else (health.observer,)),
                    *(() if recorder is None else (recorder,)),
                ),
                elsewhere=elsewhere,
                release=settings.release,
            )
        )
        if servers is not None:
            engine.meters.batches.update(servers.batches)
        if recorder is not None:
            recorder.start(engine.messages, lambda: engine.running)
        if health is not None:
            health.start(engine)
            stack.push_async_callback(health.close)
            ready.append(health)
        router = None
        if plan.experiment is not None or source.weights is not None:
            router = await stack.enter_async_context(Router(engine, weights=source.weights, credentials=credentials))
        if certificates is not None and (peers is not None or router is not None):
            stack.push_async_callback(_ended, asyncio.create_task(_renewing(certificates, peers, router)))
        answers: Answering = engine if router is None else router
        yield Served(
            plan,
            answers,
            engine.meters,
            tuple(ready),
            status=lambda: _status(router, health),
            measures=lambda: _measures(engine, router, health, recorder),
        )
        await engine.drain(settings.drain)  # where another takes over, requests may still be under way


def _watching(stack: AsyncExitStack, source: Source, settings: Settings) -> "Recorder | None":
    """The recorder, where there is one; it, and whoever else watches, is closed when the engine has ended."""
    for observer in source.observers:
        if hasattr(observer, "close"):
            stack.callback(observer.close)
    recorder = recorder_of(source.plan, settings, source.workspace)
    if recorder is not None:
        stack.push_async_callback(asyncio.to_thread, recorder.close)
    return recorder


def _health(source: Source) -> Health | None:
    """Where there are no models, there is nothing to watch."""
    if not any(binding.model for binding in source.plan.bindings):
        return None
    if source.goldens is None:
        return Health(source.plan, saved=source.reference)
    return Health(source.plan, source.goldens, saved=source.reference)


def _status(router: Router | None, health: Health | None) -> dict[str, Any]:
    said: dict[str, Any] = {} if router is None else {"router": status_of(router)}
    return said if health is None else {**said, "health": report_json(health.report())}


def _measures(
    engine: Engine, router: Router | None, health: Health | None, recorder: "Recorder | None"
) -> Iterator[Measure]:
    yield from measures_of(engine.plan, engine.meters, engine.queues, engine.abandoned)
    if router is not None:
        yield from routing(router)
    if health is not None:
        yield from of_models(health.report())
    if recorder is not None:
        from comb_compiler.runtime.recording.measures import measures as of_recorder

        yield from of_recorder(recorder)


async def _renewing(certificates: Certificates, peers: "Peers | None", router: Router | None) -> None:
    """Whenever the certificates change, call others by the new ones."""

    async def renewed(_: object) -> None:
        fresh = certificates.channel_credentials()
        if router is not None:
            router.renew(fresh)
        if peers is not None:
            await peers.renew(fresh)

    await certificates.watch(renewed)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
