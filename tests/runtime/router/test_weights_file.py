"""The file of weights is read again while it is served; where it is bad, the last good weights go on."""

import asyncio
import logging
import os
from collections import Counter
from pathlib import Path

import pytest

from comb_compiler.release import Weights, weights_bytes
from comb_compiler.runtime.router import Router, status_of
from comb_compiler.runtime.router.watching import WeightsFile
from tests.runtime.router.mounted import Mounted
from tests.runtime.router.releases import HELLO, opened, with_arms
from tests.runtime.waiting import run, until

PLAN = with_arms({"control": 90, "rotate": 10})


def weighted(control: int, rotate: int) -> bytes:
    return weights_bytes(Weights({"control": control, "rotate": rotate}))


def refusals(router: Router) -> int:
    assert router.file is not None
    return router.file.refusals


def refused(router: Router) -> str:
    assert router.file is not None
    return router.file.refused


async def arms_of(router: Router, users: int) -> list[str]:
    return [(await router.run(HELLO, key=f"user-{number}")).arm for number in range(users)]


def test_a_swapped_config_map_moves_users_and_only_into_the_arm_that_gained(tmp_path: Path) -> None:
    mounted = Mounted(tmp_path, weighted(90, 10))

    async def main() -> None:
        async with opened(PLAN, weights=mounted.file) as router:
            before = await arms_of(router, 1000)
            mounted.swap(weighted(50, 50))
            await until(lambda: router.weights.arms == {"control": 50, "rotate": 50})
            after = await arms_of(router, 1000)
            moved = Counter((one, two) for one, two in zip(before, after, strict=True) if one != two)
            assert set(moved) == {("control", "rotate")}
            assert 330 < moved.total() < 470  # 40%
            mounted.swap(weighted(90, 10))
            await until(lambda: router.weights.arms == {"control": 90, "rotate": 10})
            assert await arms_of(router, 1000) == before

    run(main())


def test_a_swap_is_seen_even_if_size_and_time_of_the_file_stay(tmp_path: Path) -> None:
    mounted = Mounted(tmp_path, weighted(90, 10))

    async def main() -> None:
        async with opened(PLAN, weights=mounted.file) as router:
            status = mounted.file.stat()
            content = weighted(10, 90)
            assert len(content) == status.st_size
            mounted.file.resolve().write_bytes(content)
            os.utime(mounted.file, ns=(status.st_atime_ns, status.st_mtime_ns))
            await until(lambda: router.weights.arms == {"control": 10, "rotate": 90})

    run(main())


BAD = {
    "broken": b'{"arms": {"control": 1',
    "empty": b"",
    "unknown": b'{"arms": {"control": 1, "rotate": 1, "typo": 1}}',
    "negative": b'{"arms": {"control": -1, "rotate": 1}}',
    "zero": b'{"arms": {"control": 0, "rotate": 0}}',
    "nobody there": b'{"candidate": {"weight": 5}}',
    "no name": b'{"candidate": {"weight": 5, "address": "127.0.0.1:1", "release": "b7"}}',
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_a_bad_file_changes_nothing_and_is_told_once(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mounted = Mounted(tmp_path, weighted(90, 10))

    async def main() -> None:
        async with opened(PLAN, weights=mounted.file) as router:
            mounted.swap(weighted(70, 30))
            await until(lambda: router.weights.arms == {"control": 70, "rotate": 30})
            before = await arms_of(router, 50)
            mounted.swap(content)
            await until(lambda: refused(router))
            await asyncio.sleep(0.1)  # several looks
            assert router.weights.arms == {"control": 70, "rotate": 30}
            assert await arms_of(router, 50) == before
            assert refusals(router) == 1
            assert status_of(router)["weights"]["refused"] == refused(router)
            mounted.swap(weighted(70, 30))
            await until(lambda: not refused(router))

    with caplog.at_level(logging.WARNING, "comb.runtime"):
        run(main())
    (record,) = caplog.records
    assert "the last good ones go on" in record.message


def test_a_file_that_goes_and_comes_changes_nothing_until_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"

    async def main() -> None:
        async with opened(PLAN, weights=path) as router:
            assert refused(router) == "it is not there"
            assert router.weights.arms == {"control": 90, "rotate": 10}  # comb.yaml's
            path.write_bytes(weighted(1, 1))
            await until(lambda: router.weights.arms == {"control": 1, "rotate": 1})
            path.unlink()
            await until(lambda: refused(router) == "it is not there")
            assert router.weights.arms == {"control": 1, "rotate": 1}
            path.write_bytes(b"{}")
            await until(lambda: router.weights.arms == {"control": 90, "rotate": 10})

    run(main())


def test_an_operator_that_leaves_the_directory_takes_no_file_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(weighted(90, 10))
    monkeypatch.chdir(tmp_path)

    async def main() -> None:
        async with opened(PLAN, weights=Path("weights.json")) as router:
            monkeypatch.chdir("/")
            path.write_bytes(weighted(50, 50))
            await until(lambda: router.weights.arms == {"control": 50, "rotate": 50})

    run(main())


def test_what_is_no_regular_file_is_refused_and_nothing_waits_or_leaks(tmp_path: Path) -> None:
    pipe, directory, loop = tmp_path / "pipe", tmp_path / "directory", tmp_path / "loop"
    os.mkfifo(pipe)
    directory.mkdir()
    loop.symlink_to("loop")

    async def main() -> None:
        for path, sentence in (
            (pipe, "it is no regular file"),
            (directory, "it is no regular file"),
            (loop, "cannot be"),
        ):
            async with opened(PLAN, weights=path) as router:
                opened_files = len(os.listdir("/proc/self/fd"))
                assert sentence in refused(router)
                await asyncio.sleep(0.1)
                await until(lambda most=opened_files: len(os.listdir("/proc/self/fd")) <= most)  # type: ignore[misc]

    run(main())


def test_a_file_that_is_written_in_place_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_bytes(weighted(90, 10))

    async def main() -> None:
        async with opened(PLAN, weights=path) as router:
            content = weighted(20, 80)
            with path.open("wb") as file:
                for byte in content:
                    file.write(bytes([byte]))
                    file.flush()
                    assert router.weights.arms in ({"control": 90, "rotate": 10}, {"control": 20, "rotate": 80})
                    await asyncio.sleep(0.005)
            await until(lambda: router.weights.arms == {"control": 20, "rotate": 80})

    run(main())


def test_requests_under_way_keep_their_arm_and_none_fails_while_weights_change(tmp_path: Path) -> None:
    mounted = Mounted(tmp_path, weighted(90, 10))

    async def main() -> None:
        async with opened(PLAN, weights=mounted.file) as router:
            answers = 0
            for turn in range(20):
                mounted.swap(weighted(50 + turn, 50 - turn))
                for number in range(50):
                    finished = await router.run(HELLO, key=f"user-{number}")
                    assert finished.error is None
                    assert finished.answer.text == ("HELLO" if finished.arm == "rotate" else "hello")
                    answers += 1
                await asyncio.sleep(0.012)
            assert sum(router.exposure.requests.values()) == answers

    run(main())


def test_a_failure_that_nobody_thought_of_does_not_end_the_watch(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    taken: list[bytes] = []

    def take(content: bytes) -> None:
        if content == b"odd":
            raise RuntimeError("who would have thought")
        taken.append(content)

    async def main() -> None:
        file = WeightsFile(path, take)
        watching = asyncio.create_task(file.watch(0.01))
        path.write_bytes(b"odd")
        await until(lambda: file.refused == "taking it failed with RuntimeError")
        path.write_bytes(b"good")
        await until(lambda: taken == [b"good"])
        assert (file.refused, file.loads) == ("", 1)
        watching.cancel()
        await asyncio.wait([watching])

    run(main())
