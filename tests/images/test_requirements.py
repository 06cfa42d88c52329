"""Requirements → wheels, by a real pip that looks into a directory, and into nothing else."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from comb_compiler.cli.requiring import Requiring
from comb_compiler.diagnostics import Span
from comb_compiler.images.bases import Found
from comb_compiler.images.model import ImageError
from comb_compiler.images.ownwheel import runtime_requirements, runtime_wheel
from comb_compiler.images.pip import PipFailed
from comb_compiler.images.requirements import Unresolved, Wheel, fetch, resolve
from comb_compiler.images.tags import fits, parse_wheel_name
from comb_compiler.images.targets import ALPINE, SLIM, Target, parse_target
from comb_compiler.images.wheels import wheel_files
from comb_compiler.spec.requirements import Required, Requirement
from comb_compiler.spec.wheelpins import PinnedWheel
from tests.images import making


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels, the only place where pip looks."""
    place = tmp_path / "index"
    place.mkdir()
    for name, value in {"CONFIG_FILE": "/dev/null", "NO_INDEX": "1", "FIND_LINKS": str(place)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return place


def wheel(directory: Path, name: str, *, requires: tuple[str, ...] = (), tags: str = "py3-none-any") -> Path:
    """A wheel that pip takes."""
    path = making.wheel(directory, name, requires=requires, tags=tags)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}-1.0.dist-info/WHEEL"), "Wheel-Version: 1.0\n")
    return path


def pinned(*paths: Path) -> tuple[Wheel, ...]:
    return tuple(sorted(Wheel(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths))


def test_what_is_required_is_found_with_all_that_it_requires_for_the_base_and_not_for_this_machine(index: Path) -> None:
    of_there = ('newer; python_version >= "3.12"', 'older; python_version < "3.12"', 'apple; sys_platform == "darwin"')
    found = [
        wheel(index, "arrays", requires=of_there, tags="cp312-cp312-musllinux_1_1_x86_64"),
        wheel(index, "newer", tags="cp38-abi3-musllinux_1_2_x86_64"),
    ]
    wheel(index, "arrays", tags="cp312-cp312-manylinux_2_17_x86_64")
    assert resolve(["arrays>=1"], [], ALPINE) == pinned(*found)


def test_limits_hold_for_what_is_brought_along_and_bring_nothing(index: Path) -> None:
    one, two = wheel(index, "one", requires=("two",)), wheel(index, "two")
    assert resolve(["one"], ["two==1.0", "three==1.0"], SLIM) == pinned(one, two)
    refused = resolve(["one"], ["two==2.0"], SLIM)
    assert isinstance(refused, Unresolved)
    assert "two==2.0" in refused.words.replace("(constraint) ", "")


def test_what_cannot_be_had_is_said_in_pips_own_words(index: Path) -> None:
    wheel(index, "arrays", tags="cp312-cp312-manylinux_2_17_x86_64")
    found = resolve(["arrays"], [], ALPINE)
    assert isinstance(found, Unresolved)
    assert found.words == (
        "Could not find a version that satisfies the requirement arrays (from versions: none) · "
        "No matching distribution found for arrays"
    )
    assert "arrays" in found.names


def test_requirements_that_contradict_each_other_are_named_without_paths_and_advice(index: Path) -> None:
    wheel(index, "one", requires=("shared>=2",))
    wheel(index, "shared")
    found = resolve(["one", "shared<2"], [], SLIM)
    assert isinstance(found, Unresolved)
    assert found.words.startswith("The user requested shared<2 · one 1.0 depends on shared>=2")
    assert "/tmp" not in found.words


def test_an_index_that_does_not_answer_is_no_fault_of_the_requirements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(PipFailed, match="does not answer"):
        resolve(["arrays"], [], SLIM)


@contextmanager
def refusing(status: int) -> Iterator[str]:
    """An index that answers everything with one status."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/simple"
        server.shutdown()


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_index_that_refuses_is_told_from_one_that_has_no_such_package(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")
    with refusing(status) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        if status == 404:
            assert isinstance(resolve(["arrays"], [], SLIM), Unresolved)
            return
        with pytest.raises(PipFailed, match="refuses"):
            resolve(["arrays"], [], SLIM)


def test_wheels_that_are_pinned_are_fetched_once_and_never_with_other_bytes(index: Path, tmp_path: Path) -> None:
    path = wheel(index, "one")
    wheels = pinned(path)
    (there,) = fetch(wheels, SLIM, tmp_path / "kept")
    assert there.read_bytes() == path.read_bytes()
    there.write_bytes(b"rotten since")
    assert fetch(wheels, SLIM, tmp_path / "kept") == (there,)
    assert there.read_bytes() == path.read_bytes()
    path.write_bytes(wheel(tmp_path / "other", "one", requires=("malice",)).read_bytes())
    assert fetch(wheels, SLIM, tmp_path / "kept") == (there,)
    with pytest.raises(ImageError, match=r"(?i)hashes"):
        fetch(wheels, SLIM, tmp_path / "elsewhere")


def test_a_target_takes_the_wheels_that_run_there() -> None:
    assert (ALPINE.name, SLIM.name) == ("cp312-musllinux_1_2_x86_64", "cp312-manylinux_2_36_x86_64")
    for name in (ALPINE.name, SLIM.name, "cp311-manylinux_2_28_aarch64"):
        target = parse_target(name)
        assert target is not None
        assert target.name == name
        found = Found(target.python, "/usr/bin/python3", target.libc)
        architecture = "arm64" if target.machine == "aarch64" else "amd64"
        assert target.runs_on(found, architecture)
        tag = f"cp3{target.python[1]}"
        for platform in target.platforms():
            assert fits(parse_wheel_name(f"a-1-{tag}-{tag}-{platform}.whl"), found, architecture)
    assert "manylinux2014_x86_64" in SLIM.platforms()
    assert "manylinux_2_37_x86_64" not in SLIM.platforms()


@pytest.mark.parametrize(
    ("tags", "target", "said"),
    [
        ("py3-none-any", ALPINE, "a base as python:3.12-alpine does: every wheel is there for musl"),
        ("cp312-cp312-manylinux_2_17_x86_64", SLIM, "the base is as python:3.12-slim, not alpine: Could not find a"),
    ],
)
def test_the_smallest_base_that_does_is_said_with_its_reason(tags: str, target: Target, said: str, index: Path) -> None:
    path, told = wheel(index, "arrays", tags=tags), list[str]()
    required = Required(wanted=(Requirement("arrays", "arrays", (), Span.whole_file("requirements.txt")),))
    found, wrong = Requiring((), told.append, upgrade=False).resolve(required, (), (), None)
    assert found is not None
    assert (dict(found.targets), wrong) == ({target.name: tuple(PinnedWheel(*one) for one in pinned(path))}, ())
    assert [line.startswith(said) for line in told] == [True], told


@pytest.mark.parametrize("name", ["", "cp312", "cp27-manylinux_2_36_x86_64", "cp312-manylinux_2_36_x86_64 --pre"])
def test_what_is_no_target_is_none(name: str) -> None:
    assert parse_target(name) is None


def test_the_runtime_is_taken_from_this_installation(tmp_path: Path) -> None:
    requires = runtime_requirements(conditions=False, gpus=False)
    first = runtime_wheel(tmp_path, requires)
    (tmp_path / "again").mkdir()
    assert first.read_bytes() == runtime_wheel(tmp_path / "again", requires).read_bytes()
    names = {file.path for file in wheel_files(first, "x")}
    assert "x/comb_compiler/runtime/service/__main__.py" in names
    assert not any(f"x/comb_compiler/{part}/" in name for name in names for part in ("compiler", "spec", "cli"))
    assert "cel-expr-python" in " ".join(runtime_requirements(conditions=True, gpus=False))
    assert "cel-expr-python" not in " ".join(requires)


def test_another_machine_has_another_target() -> None:
    assert Target((3, 11), "glibc", (2, 28), "aarch64").on("musl").name == "cp311-musllinux_1_2_aarch64"
