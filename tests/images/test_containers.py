"""The processes of a comb in containers of a real engine: what they cannot reach, and how they end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from comb_compiler.cli.console import Console
from comb_compiler.cli.opening import open_clean
from comb_compiler.cli.shipping import limits_of
from comb_compiler.images.containers import Asked, Contained, Limits, contained
from comb_compiler.images.endings import Ending, in_words
from comb_compiler.images.engines import load
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.relay import SOURCE
from comb_compiler.release import plan_bytes
from tests.architecture.imports import ROOT
from tests.images.example import Example, comb

if TYPE_CHECKING:
    from docker import DockerClient

pytestmark = pytest.mark.slow
_PATIENCE = 240.0
_MEBI = 1 << 20
_OPERATORS = """
import ctypes, os, socket
from comb_compiler.runtime import Messages
def tried(does):
    try:
        return str(does())
    except OSError as problem:
        return type(problem).__name__

WAYS = {
    "user": lambda: f"{os.getuid()} {os.getgid()} {sorted(os.listdir('/proc/self/task')) != []}",
    "root": lambda: tried(lambda: open("/comb/code/new.py", "w")),
    "kept": lambda: tried(lambda: open("/tmp/new", "w").write("x")),
    "relay": lambda: os.path.exists("/relay"),
    "interfaces": lambda: [name for _, name in socket.if_nameindex()],
    "network": lambda: tried(lambda: socket.create_connection(("192.0.2.1", 80), 5)),
    "names": lambda: tried(lambda: socket.getaddrinfo("example.com", 80)),
    "engine": lambda: os.path.exists("/var/run/docker.sock"),
    "caps": lambda: [one.split()[1] for one in open("/proc/self/status") if one.startswith(("CapEff", "NoNewPrivs"))],
    "memory": lambda: len(bytearray(os.urandom(1 << 20)) * 2000),
    "exit": lambda: os._exit(3),
    "fault": lambda: ctypes.string_at(0),
}

class Greet:
    def __init__(self, messages: Messages) -> None:
        self._answer = messages["hello.v1.GreetResponse"]

    def __call__(self, request: "hello.v1.GreetRequest") -> "hello.v1.GreetResponse":
        return self._answer(text=str(WAYS[request.name]()))
"""
"""What an operator can find out, and do to itself, by the name that is asked for."""


@pytest.fixture(scope="module")
def project(example_base: Path, example_wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comb whose operator does as it is told, and its image in `images`."""
    root = tmp_path_factory.mktemp("contained")
    (root / ".git").mkdir()
    for name in ("comb.yaml", "hello.proto", "comb.lock"):
        (root / name).write_bytes((ROOT / "examples" / "hello" / name).read_bytes())
    (root / "operators.py").write_text(_OPERATORS, encoding="utf-8")
    (root / "platform.yaml").write_text(_PLATFORM, encoding="utf-8")
    where = ("--platform", "platform.yaml", "--environment", "staging", "--wheels", str(example_wheelhouse))
    comb(root, "image", "build", ".", *where, f"--base=cpu=oci:{example_base}", "-o", "images", "--attest", "told")
    return root


_PLATFORM = """
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: small}
clusters:
  here: {nodePools: {cpu: {nodes: 2, cpu: 8, memory: 32Gi}}}
namespaces: {hello: {}}
environments: {staging: {clusters: [here], namespace: hello}}
registry: {push: registry.acme.example/combs}
environmentRepository: {url: "https://git.acme.example/envs.git", branch: main}
"""


@contextmanager
def running(engine: "DockerClient", project: Path, memory: int = 512 * _MEBI) -> Iterator[Contained]:
    clean = open_clean(str(project / "comb.yaml"), Console(), "runs")
    assert clean is not None
    layout = ImageLayout(project / "images")
    (image,) = layout.images().values()
    asked = Asked(clean.plan.processes[0].name, load(engine, layout, image), Limits(None, memory))
    with contained(engine, plan_bytes(clean.plan), [asked]) as made:
        wait_for(made)
        yield made


def wait_for(made: Contained) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"http://{made.http}/readyz", timeout=60).close()
        except OSError:
            assert made.endings() == (), made.said("main")
            assert time.monotonic() < deadline, made.said("main")
            time.sleep(0.2)
        else:
            return


def ask(made: Contained, name: str) -> Any:
    request = urllib.request.Request(
        f"http://{made.http}/v1/call", json.dumps({"name": name}).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.loads(answer.read())["text"]


def test_the_build_tells_what_is_in_the_image_and_where_it_comes_from(project: Path) -> None:
    bill, told = (
        json.loads((project / "told" / f"hello.cpu.{kind}.json").read_bytes()) for kind in ("cdx", "provenance")
    )
    (image,) = ImageLayout(project / "images").images().values()
    assert bill["metadata"]["component"]["version"] == image.digest
    assert {"comb-runtime", "grpcio", "protobuf"} <= {one["name"] for one in bill["components"]}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    assert told["subject"][0]["digest"]["sha256"] == image.digest.removeprefix("sha256:")
    assert told["predicate"]["runDetails"]["builder"]["id"] == "https://comb.dev/builders/local"


def test_operators_reach_neither_network_nor_files_nor_each_others_doors(engine: "DockerClient", project: Path) -> None:
    with running(engine, project) as made:
        found = {name: ask(made, name) for name in ("user", "root", "kept", "relay", "interfaces", "network", "engine")}
        assert found == {
            "user": "65532 65532 True",
            "root": "OSError",
            "kept": "1",
            "relay": "False",
            "interfaces": "['lo']",
            "network": "OSError",
            "engine": "False",
        }
        assert ask(made, "names") == "gaierror"
        assert ask(made, "caps") == "['0000000000000000', '1']"
        assert made.endings() == ()
    assert engine.containers.list(all=True) == []


@pytest.mark.parametrize(
    ("way", "code", "words"),
    [
        (
            "memory",
            137,
            "main: it was killed for want of memory: 200 MiB are allowed (resources.memory, /tmp included)",
        ),
        ("exit", 3, "main: it ended by itself, with exit code 3"),
        ("fault", 139, "main: it used memory that is not its own (SIGSEGV): a library of it has a fault"),
    ],
)
def test_an_end_is_told_in_words(engine: "DockerClient", project: Path, way: str, code: int, words: str) -> None:
    with running(engine, project, 200 * _MEBI) as made:
        with pytest.raises(OSError):  # noqa: PT011  a connection that is cut, or closed without an answer
            ask(made, way)
        deadline = time.monotonic() + 240
        while not made.endings():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert made.endings() == (Ending("main", code, way == "memory", words),)


@pytest.mark.parametrize(
    ("code", "state", "words"),
    [
        (0, {}, "it ended in order"),
        (0, {"OOMKilled": True}, "a process of it was killed for want of memory: 1 MiB"),
        (None, {"OOMKilled": True}, "a process of it was killed for want of memory: 1 MiB"),
        (137, {}, "somebody killed it (SIGKILL), and not for want of memory"),
        (134, {}, "SIGABRT"),
        (127, {"Error": 'exec: "python": not found\nmore'}, 'it did not start: exec: "python": not found'),
        (160, {}, "signal 32 ended it"),
        (255, {}, "exit code 255"),
    ],
)
def test_every_code_has_words(code: int | None, state: dict[str, Any], words: str) -> None:
    assert words in in_words("main", code, state, _MEBI)


def test_limits_are_those_of_the_comb(project: Path) -> None:
    clean = open_clean(str(ROOT / "examples" / "frame-moderation" / "comb.yaml"), Console(), "runs")
    assert clean is not None
    (all_in_one,) = limits_of(clean, clean.plan).values()
    assert all_in_one.cpu is not None
    assert all_in_one.memory > 256 * _MEBI
    hello = open_clean(str(project / "comb.yaml"), Console(), "runs")
    assert hello is not None
    assert list(limits_of(hello, hello.plan).values()) == [Limits(None, 256 * _MEBI)]


def command(engine: "DockerClient | None", project: Path, *arguments: str) -> "subprocess.Popen[str]":
    return command_at("/nowhere/docker.sock" if engine is None else socket_of(engine), project, *arguments)


def socket_of(engine: "DockerClient") -> str:
    return str(engine.api._custom_adapter.socket_path)


def command_at(place: str, project: Path, *arguments: str) -> "subprocess.Popen[str]":
    host = {"DOCKER_HOST": f"unix://{place}"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **host}
    return subprocess.Popen(
        [sys.executable, "-m", "comb_compiler", "run", ".", *arguments],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_without_an_engine_it_is_said_how_to_get_one(project: Path) -> None:
    with command(None, project, "--container", "images") as process:
        _, said = process.communicate()
    assert process.returncode == 4
    assert "there is no container engine that answers" in said
    assert "https://docs.docker.com/engine/install" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--container", "images", "--reload"), "has no --reload"),
        (("--container", "nowhere.json"), "cannot be read"),
        (("--container", "platform.yaml"), "no JSON"),
    ],
)
def test_what_makes_no_sense_is_said(
    engine: "DockerClient", project: Path, arguments: tuple[str, ...], reason: str
) -> None:
    with command(engine, project, *arguments) as process:
        _, said = process.communicate()
    assert process.returncode == 2
    assert reason in said


def test_the_command_serves_until_it_is_interrupted_and_leaves_nothing(engine: "DockerClient", project: Path) -> None:
    grpc, http = doors()
    with command(engine, project, "--container", "images", f"--grpc-port={grpc}", f"--http-port={http}") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hello answers hello.v1.GreeterService/Greet\n"
        told = comb(project, "call", f"127.0.0.1:{grpc}", '{"name": "interfaces"}', "--timeout", "60", "--format=json")
        assert json.loads(told)["answer"]["text"] == "['lo']"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=600)
    assert (process.returncode, said.count("comb:")) == (0, 0), said
    assert engine.containers.list(all=True) == []


def doors() -> tuple[int, int]:
    """Two ports that were free a moment ago."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def test_an_engine_that_goes_in_the_middle_is_told_of(engine: "DockerClient", project: Path, tmp_path: Path) -> None:
    way = tmp_path / "engine.sock"  # what leads to the engine is ended, so that others keep theirs
    relayed = [sys.executable, "-c", SOURCE, f"{way}={socket_of(engine)}"]
    grpc, http = doors()
    with subprocess.Popen(relayed, stdout=subprocess.PIPE, text=True) as leading:
        try:
            assert leading.stdout is not None
            assert leading.stdout.readline() == "relays\n"
            ports = (f"--grpc-port={grpc}", f"--http-port={http}")
            with command_at(str(way), project, "--container", "images", *ports) as process:
                assert process.stdout is not None
                assert process.stdout.readline().startswith("hello answers")
                leading.kill()
                _, said = process.communicate(timeout=600)
            assert process.returncode == 4
            assert "the engine does not answer any more" in said
            assert "Traceback" not in said
        finally:
            leading.kill()
            for container in engine.containers.list(all=True):
                container.remove(force=True)


def test_doors_that_are_taken_are_said(engine: "DockerClient", project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = (f"--grpc-port={taken.getsockname()[1]}", f"--http-port={doors()[0]}")
        with command(engine, project, "--container", "images", *ports) as process:
            _, said = process.communicate(timeout=600)
    assert process.returncode == 4
    assert "are they taken?" in said
    assert engine.containers.list(all=True) == []


def test_the_example_answers_a_real_picture_from_containers_that_share_a_loopback(
    engine: "DockerClient", example: Example
) -> None:
    grpc, http = doors()
    ports = (f"--grpc-port={grpc}", f"--http-port={http}")
    with command(engine, example.directory, "--container", "images", *ports) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("frame-moderation answers")
        assert len(engine.containers.list()) == 5  # four processes, and what leads to the first
        sample = example.directory / "samples" / "standard" / "block-win"
        told = example.examined(f"127.0.0.1:{grpc}", sample)
        expected = json.loads((sample / "expected.json").read_text(encoding="utf-8"))
        assert json.loads(told)["answer"]["decision"] == expected["decision"], told
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=600)
    assert process.returncode == 0
