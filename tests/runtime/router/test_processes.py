"""A grey release as a cluster runs it: two releases, started by the entry point, that mount one file of weights."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from comb_compiler.release import Candidate, Weights, weights_bytes
from comb_compiler.runtime.engine.arms import Arms
from tests.runtime.router.mounted import Mounted
from tests.runtime.router.releases import HELLO, with_arms
from tests.runtime.service.processes import Process, process
from tests.runtime.service.serving import ask
from tests.runtime.waiting import run

ARMS = {"control": 1, "rotate": 1}
PLAN = with_arms({"control": 90, "rotate": 10})


def released(weight: float, address: str) -> bytes:
    return weights_bytes(Weights(ARMS, Candidate(weight, address, "b7")))


async def told(at: Process, users: int) -> list[tuple[str, str]]:
    """Release and arm of each user."""
    found = []
    for number in range(users):
        _, said = await ask(at.grpc, HELLO, x_user_id=f"user-{number}", x_request_id="")
        found.append((said["comb-release"], said["comb-arm"]))
    return found


@pytest.mark.slow
def test_a_grey_release_grows_is_killed_and_disturbs_no_experiment(tmp_path: Path) -> None:
    mounted = Mounted(tmp_path, weights_bytes(Weights(ARMS)))
    flags = ("--weights", str(mounted.file), "--release")
    arms = [Arms("salt", ARMS).of(f"user-{number}") for number in range(100)]

    async def main(stable: Process, candidate: Process) -> None:
        async def until_share(least: int, most: int) -> list[tuple[str, str]]:
            async with asyncio.timeout(240):
                found = await told(stable, 100)
                while True:
                    before, found = found, await told(stable, 100)
                    # Weights that were swapped meanwhile decided a part of what is told only.
                    if found == before and least <= Counter(release for release, _ in found)["b7"] <= most:
                        return found

        assert await told(stable, 100) == [("a1", arm) for arm in arms]
        mounted.swap(released(30, candidate.grpc))
        some = await until_share(15, 45)
        mounted.swap(released(60, candidate.grpc))
        more = await until_share(46, 75)
        assert all(after == before for before, after in zip(some, more, strict=True) if before[0] == "b7")
        assert [arm for _, arm in more] == arms
        assert await told(candidate, 30) == [("b7", arm) for arm in arms[:30]]  # it sends nobody on
        mounted.swap(b'{"candidate": {"weight": 100')
        assert await told(stable, 100) == more
        candidate.tell(signal.SIGKILL)
        candidate.ended()
        assert await until_share(0, 0) == [("a1", arm) for arm in arms]

    with process(PLAN, tmp_path, *flags, "a1") as stable, process(PLAN, tmp_path, *flags, "b7") as candidate:
        run(main(stable, candidate))
