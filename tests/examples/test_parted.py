"""frame-moderation over the processes that its plan parts it into: really started, with equal answers."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from comb_compiler.plan.groups import groups_of
from comb_compiler.plan.parting import parted
from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.engine import Engine
from comb_compiler.runtime.peers import Peers
from comb_compiler.source import decode
from comb_compiler.spec import bind_comb
from comb_compiler.spec.loading import read_once
from tests.examples.moderation import EXAMPLE, Running, code, locate, patient_plan
from tests.runtime.peers import peer
from tests.runtime.waiting import until

pytestmark = pytest.mark.slow
FRAMES = sorted((EXAMPLE / "samples" / "standard").glob("*/frame.jpg"))[:4]


def parted_plan() -> ExecutionPlan:
    source, _ = decode("comb.yaml", (EXAMPLE / "comb.yaml").read_bytes())
    assert source is not None
    comb = bind_comb(read_once(source)).base.value
    assert comb is not None
    return parted(patient_plan(), groups_of(comb, comb.operators))


@contextmanager
def hosts(plan: ExecutionPlan, directory: Path) -> Iterator[dict[str, str]]:
    """The addresses of all processes but the entry's."""
    for binding in plan.bindings:
        if binding.model is not None:
            link = directory / binding.model.sha256
            if not link.exists():
                link.symlink_to(locate(binding.model))
    where = ("--code", str(EXAMPLE), "--artifacts", str(directory))
    with ExitStack() as stack:
        yield {
            one.name: stack.enter_context(peer(plan, directory, process=one.name, more=where)).address
            for one in plan.processes[1:]
        }


def test_parted_by_its_groups_it_answers_the_same(moderation: Running, tmp_path: Path) -> None:
    plan = parted_plan()
    assert [process.name for process in plan.processes] == [
        "frame-moderation",
        "frame-moderation--detect",
        "frame-moderation--straighten",
        "frame-moderation--nsfw",
    ]

    async def main(addresses: dict[str, str]) -> list[bytes]:
        async with Peers(plan, addresses) as peers, Engine(plan, locate=locate, elsewhere=peers.hosts) as engine:
            await until(lambda: not peers.lost)
            found = []
            for frame in FRAMES:
                request = engine.request_type(frame={"image": frame.read_bytes()}, check_nudity=True)
                found += [(await engine.call(request, arm=arm)).SerializeToString() for arm in ("control", "rotate")]
            return found

    with code(), hosts(plan, tmp_path) as addresses:
        answers = asyncio.run(main(addresses))
    here = [
        moderation.frame(frame.read_bytes(), nudity=True, arm=arm).SerializeToString()
        for frame in FRAMES
        for arm in ("control", "rotate")
    ]
    assert len(here) == 8
    assert answers == here
