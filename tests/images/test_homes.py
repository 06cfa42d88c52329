"""What a run of containers leaves behind that is killed, and what its relay may make."""

import os
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comb_compiler.images.homes import HOME, home
from comb_compiler.images.relaying import sealed
from tests.images.test_containers import command, doors, project

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["project"]


def homes() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("comb-contained-*"))


def at_home(engine: "DockerClient") -> set[Path]:
    """Where what runs in the engine has its home; other engines of this machine may have homes, too."""
    return {Path(one.labels[HOME]) for one in engine.containers.list() if HOME in one.labels}


def containers(engine: "DockerClient") -> dict[str, str]:
    """What is in the engine, and what it is."""
    return {str(one.id): f"{one.status} {one.labels} {one.attrs['Args']}" for one in engine.containers.list(all=True)}


def can_connect(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(engine: "DockerClient", project: Path) -> None:
    grpc, http = doors()
    before = at_home(engine)
    with command(engine, project, "--container", "images", f"--grpc-port={grpc}", f"--http-port={http}") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("hello answers")
        os.kill(process.pid, signal.SIGKILL)
    (left,) = at_home(engine) - before
    assert left in homes()
    labelled = {"label": f"{HOME}={left}"}
    assert len(engine.containers.list(filters=labelled)) == 2, "a process, and what leads to it"
    deadline = time.monotonic() + 240
    while can_connect(http):
        assert time.monotonic() < deadline, "what leads there on this machine ends with whoever started it"
        time.sleep(0.1)
    image = engine.images.list()[0]
    with home(engine) as running:
        other = engine.containers.create(image, ["true"], labels={HOME: str(running)})
        somebody = engine.containers.create(image, ["true"], labels={HOME: "/tmp/comb-contained-of-another-machine"})
        with home(engine) as third:
            assert {running, third} <= homes()
            assert left not in homes()
            there = containers(engine)
            assert there.keys() >= {other.id, somebody.id}
            assert not [what for what in there.values() if str(left) in what]
        other.remove()
        somebody.remove()
    assert left not in homes()


@pytest.mark.slow
def test_what_is_in_another_engine_is_left_to_who_asks_that_one(engine: "DockerClient") -> None:
    with home(engine) as left:
        copy = left.with_name(f"{left.name}-elsewhere")
    copy.mkdir()
    try:
        (copy / "engine").write_text("ANOTHER:ENGINE")
        with home(engine):
            assert copy in homes()
        (copy / "engine").write_text(engine.info()["ID"])
        with home(engine):
            assert copy not in homes()
    finally:
        (copy / "engine").unlink(missing_ok=True)
        copy.rmdir() if copy.exists() else None


def test_a_directory_is_sealed_and_what_leads_elsewhere_is_taken_out_of_it(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "grpc"))
        (tmp_path / "http").symlink_to("/var/run/docker.sock")
        looks = iter((True, True))
        sealed(tmp_path, ("grpc", "http"), lambda: next(looks, False))
    assert [path.name for path in tmp_path.iterdir()] == ["grpc"]
    assert tmp_path.stat().st_mode & 0o777 == 0o711
