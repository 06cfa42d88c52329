"""A comb in containers, of the images that ship: what a gate asks that keeps operators apart."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.targets import START, Answers, Service, as_written, is_ready
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.patience import patient
from comb_compiler.cli.shipping import Shipped, engine_for, must_need_no_network, own_images, shipped
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.compiler import compile_comb, parted_by_groups
from comb_compiler.gates.asking import Gone
from comb_compiler.release import plan_bytes
from comb_compiler.workspace.sources import load_sources

if TYPE_CHECKING:
    from comb_compiler.images.containers import Contained
    from comb_compiler.images.engines import Engine

__all__ = ["CONTAINER", "Containers", "containers_for"]

CONTAINER = "container"
"""The target, and the isolation that it gives, as platform.yaml has it."""
_PROMISE = (
    "operators ran in containers of the images that ship, as nobody, without any network and with a root that they "
    "cannot write to: they got requests, and of this machine nothing but the plan"
)
_BESIDE = "; the baseline, which nobody has to keep apart, ran as processes of this machine"
_SERVICE = ("--settle", "0", "--connection-age", "0", "--log-format", "text")
_LOOK_EVERY = 0.3
_END = 5.0
_LINES, _LONGEST = 5, 1000


class Containers(NamedTuple):
    """An engine, and combs as they ship by the name of the target: `candidate`, and `baseline` where it runs there."""

    engine: "Engine"
    combs: Mapping[str, Shipped]
    note: Callable[[str], None]
    stale: Mapping[str, str] = {}
    """Why images are not of the comb that they stand for, by the name of the target."""

    @property
    def images(self) -> Mapping[str, str]:
        """The digests of the candidate's images by process."""
        return self.combs["candidate"].images

    @property
    def are_alike(self) -> bool:
        """Whether both run in the same images, so that only their subjects could make a difference."""
        return "baseline" in self.combs and self.combs["baseline"].images == self.images

    @property
    def promise(self) -> str:
        """What is known of how operators were kept apart."""
        named = ", ".join(f"{process} {digest}" for process, digest in self.images.items())
        stale = f"; {self.stale['baseline']}" if "baseline" in self.stale else ""
        return f"{_PROMISE}{'' if 'baseline' in self.combs else _BESIDE} (images: {named}){stale}"

    @asynccontextmanager
    async def started(self, name: str, answers: Answers, patience: float = START) -> AsyncIterator[Service]:
        """A comb in containers of its own, which go with the block. Raises Gone where it does not start.

        Raises EngineFailed where the engine does not do as it is told.
        """
        from comb_compiler.images.containers import contained

        comb = self.combs[name]
        with contained(
            self.engine, plan_bytes(comb.plan), comb.asked, _SERVICE, None, comb.files, self.note
        ) as running:
            await _ready(name, running, patience)
            service = Service(name, running.grpc, comb.plan, answers)
            service.ended = lambda: asyncio.to_thread(_ended, running)
            service.why_gone = lambda: _why_gone(running)
            try:
                yield service
            finally:
                await service.close()


@contextmanager
def containers_for(
    arguments: argparse.Namespace, candidate: Clean, baseline: Clean | None, console: Console
) -> Iterator[Containers | None]:
    """What `--target container` needs; None for another target. Raises UsageError and OutsideFailure."""
    images, before = arguments.images, arguments.baseline_images
    if arguments.target != CONTAINER:
        if images or before:
            raise UsageError(f"--{'images' if images else 'baseline-images'}: images run with --target container")
        yield None
        return
    if images is None:
        raise UsageError(
            "--target container runs the images that ship: build them, and name their layout or their images.json "
            "with --images (`comb image build . --platform platform.yaml --environment production -o images`)"
        )
    if before is not None and baseline is None:
        raise UsageError("--baseline-images: there is no baseline")
    candidate = _within(candidate, arguments.environment)
    must_need_no_network(candidate)
    with engine_for("--target container") as engine:
        console.progress("having the engine know the images …")
        combs = {"candidate": _ships(engine, images, candidate, arguments, "--images", arguments.arm)}
        if before is not None and baseline is not None:
            known = arguments.environment in _environments(baseline)
            baseline = _within(baseline, arguments.environment if known else "")
            must_need_no_network(baseline)
            combs["baseline"] = _ships(engine, before, baseline, arguments, "--baseline-images")
        asked = {name: clean for name, clean in (("candidate", candidate), ("baseline", baseline)) if clean is not None}
        stale = {name: _stale(engine, one, asked[name], name) for name, one in combs.items()}
        yield Containers(engine, combs, console.progress, {name: why for name, why in stale.items() if why})


def _stale(engine: "Engine", comb: Shipped, clean: Clean, name: str) -> str:
    """Why images have other code than the subject that they are asked as; empty where they do not."""
    from comb_compiler.images.insides import first_other
    from comb_compiler.render.layout import CODE
    from comb_compiler.workspace.operators import readable_code

    code = readable_code(clean.checkout, clean.main)
    own = own_images(clean, comb.plan)
    for image in sorted({one.image for one in comb.asked if one.process not in own}):
        if other := first_other(engine, image, CODE, code):
            return (
                f"the images of the {name} are of other code: they have not the `{other}` that is there now; "
                "`comb image build` makes them anew"
            )
    return ""


def _within(clean: Clean, environment: str) -> Clean:
    """A comb as an environment makes it. Raises UsageError for one that it does not mention."""
    if not environment:
        return clean
    if environment not in _environments(clean):
        raise UsageError(f"--environment {environment}: there are {', '.join(_environments(clean)) or 'none'}")
    memo = VerdictCache(default_directory()).memo
    compiled = compile_comb(load_sources(clean.checkout, clean.main, memo), memo=memo, environment=environment)
    assert compiled.plan is not None, "a comb that is clean is so in each environment"
    return clean._replace(compiled=compiled, plan=compiled.plan)


def _environments(clean: Clean) -> list[str]:
    comb = clean.compiled.checked.comb
    assert comb is not None
    return list(comb.environments)


def _ships(
    engine: "Engine", place: Path, clean: Clean, arguments: argparse.Namespace, option: str, arm: str = ""
) -> Shipped:
    plan = as_written(parted_by_groups(clean.compiled), arm)
    return shipped(engine, place, clean, patient(plan) if arguments.patient else plan, option)


async def _ready(name: str, running: "Contained", patience: float) -> None:
    port = int(running.http.rpartition(":")[2])
    deadline = monotonic() + patience
    while not await is_ready(port):
        if ended := await asyncio.to_thread(_ended, running):
            raise Gone(f"the {name} does not start: {ended}", name)
        if monotonic() > deadline:
            raise Gone(f"the {name} does not start: it was not ready after {patience:g} s", name)
        await asyncio.sleep(_LOOK_EVERY)


async def _why_gone(running: "Contained") -> str:
    deadline = monotonic() + _END
    while monotonic() < deadline:  # a connection ends a little earlier than it is known that its process did
        if ended := await asyncio.to_thread(_ended, running):
            return ended
        await asyncio.sleep(_LOOK_EVERY)
    return "it closed the connection"


def _last(text: str) -> list[str]:
    return text.rstrip("\n").split("\n")[-_LINES:] if text else []


def _ended(running: "Contained") -> str:
    """The processes that have ended, and what they said last; nothing where all run."""
    found = [
        line[:_LONGEST]
        for one in running.endings()
        for line in (one.words, *(f"    {line}" for line in _last(running.said(one.process, _LINES))))
    ]
    return "\n".join(found)
