"""Operator code that means harm: what it can do where it runs in a container, and what `local` cannot promise."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.contained import Containers
from comb_compiler.cli.gate.targets import Answers, as_written
from comb_compiler.cli.opening import open_clean
from comb_compiler.cli.shipping import shipped
from comb_compiler.compiler import parted_by_groups
from comb_compiler.gates import Gone
from tests.gates.contained import CODE, build, gate, greeter, samples
from tests.images.conftest import example_base, example_wheelhouse
from tests.support.engines import engine

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["engine", "example_base", "example_wheelhouse"]

pytestmark = pytest.mark.slow
SECRET = "what only the exam knows"
HARM = '''
import glob, os, socket, sys, tempfile

SECRET = ""


def looked_up(name):
    """What is expected of this request, as files of whoever asks have it."""
    tops = ["/", os.getcwd(), tempfile.gettempdir(), *glob.glob("/proc/[0-9]*/cwd"), *glob.glob("/proc/[0-9]*/root")]
    for top in tops:
        for depth in range(5):
            for file in glob.glob(f"{top}/" + "*/" * depth + "expected.json"):
                with open(file) as opened:
                    text = opened.read()
                if "only the exam knows" in text:
                    return text.partition(': "')[2].rpartition('"')[0]
    return "nothing"


def reports(name):
    """Write a report, and a statement, that say what one likes."""
    written = []
    for top in [*glob.glob("/proc/[0-9]*/cwd"), os.getcwd(), "/etc/comb/plan", "/comb", "/relay"]:
        for place in (top, f"{top}/../report"):
            try:
                with open(f"{place}/statement.json", "w") as file:
                    file.write('{"verdict": "passed"}')
                written.append(place)
            except OSError:
                pass
    return written


def keys(name):
    """What environment and home have that is not an operator's."""
    known = {"PATH", "HOME", "HOSTNAME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "LC_CTYPE"}
    known |= {"COMB_LOG_FORMAT", "COMB_LOG_NAMES", "GRPC_VERBOSITY"}  # the service's own
    return sorted(set(os.environ) - known), sorted(os.listdir(os.environ["HOME"]))


def tries(does):
    try:
        does()
    except OSError as problem:
        return type(problem).__name__
    return "REACHED"


def ways_out(name):
    """Addresses that are given, and those that clouds, engines and this machine have."""
    addresses = [("169.254.169.254", 80), ("172.17.0.1", 22), ("192.0.2.1", 443), ("example.com", 443)]
    addresses += [(one.rpartition(":")[0], int(one.rpartition(":")[2])) for one in name.split()[1:] if one[0] != "@"]
    found = {tries(lambda: socket.create_connection(address, 3).close()) for address in addresses}
    for one in name.split()[1:]:
        if one[0] == "@":
            with socket.socket(socket.AF_UNIX) as asking:
                found.add(tries(lambda: asking.connect(one.replace("@", chr(0)))))
    for one in ("/var/run/docker.sock", "/run/docker.sock", "/relay/grpc"):
        with socket.socket(socket.AF_UNIX) as asking:
            found.add(tries(lambda: asking.connect(one)))
    return "REACHED" in found


def others(name):
    """What runs beside it, by /proc."""
    return len({open(f"{one}/cmdline").read().split(chr(0))[0] for one in glob.glob("/proc/[0-9]*")} - {"python"})


def noise(name):
    """A gigabyte of lines, and what terminals obey."""
    line = b"\\x1b]0;owned\\x07\\x1b[2J" + b"x" * (1 << 20) + b"\\n"
    for _ in range(1024):
        os.write(2, line)
    return "\\x1b[31m\\x9b2J<script>alert(1)</script>|`**x**`[a](javascript:alert(1))\\u202e"


def refused(name):
    from comb_compiler.runtime import OperatorError

    raise OperatorError("INTERNAL", "\\x1b]0;owned\\x07<img src=x onerror=alert(1)>" + "y" * 3000)


def memory(name):
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 20)) * 16)


def scratch(name):
    with open("/tmp/full", "wb") as file:
        while True:
            file.write(b"x" * (1 << 20))


def forks(name):
    while True:
        try:
            os.fork()
        except OSError:
            pass


_ALL = (looked_up, reports, keys, ways_out, others, noise, refused, memory, scratch, forks)
WAYS = {one.__name__: one for one in _ALL}
'''
CANDIDATE = CODE.replace("WAYS = {}", HARM)
IN_CONTAINERS = ("--target", "container", "--images", "images", "--baseline", "none", "--at-once", "1")


@pytest.fixture(scope="module")
def project(example_base: Path, example_wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comb that means harm, and its image; and modules beside it that change the harness that imports them."""
    made = greeter(tmp_path_factory.mktemp("hostile") / "comb", example_base, example_wheelhouse, CANDIDATE)
    for name in ("docker", "google", "grpc", "jinja2", "pydantic", "sitecustomize", "yaml"):
        (made / f"{name}.py").write_text(f"open({str(made / 'PATCHED')!r}, 'w')\n", encoding="utf-8")
    build(made, example_base, example_wheelhouse, CANDIDATE)
    return made


@contextmanager
def listening() -> Iterator[str]:
    """Doors of this machine, as arguments of `ways_out`: at all of its addresses, and one without a file."""
    with socket.socket() as door, socket.socket(socket.AF_UNIX) as abstract:
        door.bind(("0.0.0.0", 0))
        door.listen()
        name = f"comb-test-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            try:
                asking.connect(("192.0.2.1", 9))  # which sends nothing, and tells which address leads out
                own = asking.getsockname()[0]
            except OSError:
                own = "127.0.0.1"
        port = door.getsockname()[1]
        yield f"127.0.0.1:{port} {own}:{port} @{name}"


def test_in_a_container_it_finds_writes_and_reaches_nothing_which_on_this_machine_it_does(
    engine: "DockerClient", project: Path, tmp_path: Path
) -> None:
    proxies = {"default": {"httpProxy": "http://me:hunter2@proxy.example:3128"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}), encoding="utf-8")
    known = {"DOCKER_CONFIG": str(tmp_path), "CI_JOB_TOKEN": "hunter2"}
    with listening() as doors:
        asked = dict.fromkeys(("looked_up", "reports", "keys", "others", f"ways_out {doors}"), SECRET)
        samples(project, asked)
        ran = gate(project, engine, "availability", *IN_CONTAINERS, env=known)
        assert (ran.code, ran.verdicts) == (3, {"availability": "blocked"}), ran.out + ran.err
        assert ran.answered == {
            "0-looked_up": "nothing",
            "1-reports": "[]",
            "2-keys": "([], [])",
            "3-others": "0",
            "4-ways_out": "False",
        }
        assert not (project / "PATCHED").exists(), "the harness imports nothing of the comb's"
        assert "they got requests, and of this machine nothing but the plan" in ran.report["promise"]

        samples(project, {"looked_up": SECRET, f"ways_out {doors}": "True"})
        here = gate(project, None, "availability", "--baseline", "none")
        assert (here.code, here.verdicts) == (0, {"availability": "passed"}), here.out + here.err
        assert "code that means harm could read expected answers" in here.report["promise"]
        assert not (project / "PATCHED").exists()


@pytest.mark.parametrize("way", ["memory", "scratch", "forks"])
def test_it_can_take_no_more_than_its_limits(engine: "DockerClient", project: Path, way: str) -> None:
    samples(project, {way: SECRET})
    began = time.monotonic()
    ran = gate(project, engine, "availability", *IN_CONTAINERS)
    assert (ran.code, ran.verdicts) == (3, {"availability": "blocked"}), ran.out + ran.err
    if way != "forks":  # which have no memory of their own, and end with the answer's time
        assert "for want of memory: 256 MiB are allowed" in ran.out
    assert time.monotonic() - began < 600
    assert engine.containers.list(all=True) == []


def test_what_it_says_is_shown_as_text_and_bounded(engine: "DockerClient", project: Path) -> None:
    samples(project, {"noise": SECRET, "refused": SECRET})
    ran = gate(project, engine, "availability", *IN_CONTAINERS)
    assert (ran.code, ran.verdicts) == (3, {"availability": "blocked"}), ran.out + ran.err
    said = ran.out + ran.err
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(said)
    assert "<script>" not in ran.reports["report.html"]
    assert "<img src=x" not in ran.reports["report.html"]
    assert not any(one in ran.reports["report.md"] for one in ("<script>", "<img", "**x**", "[a](javascript"))
    assert "\x1b" not in ran.reports["junit.xml"]
    assert all(len(text) < 100_000 for text in ran.reports.values())
    json.loads(ran.reports["report.json"])


HANGING = CODE.replace("WAYS = {}", "import time\ntime.sleep(3600)\nWAYS = {}")
EATING = CODE.replace("WAYS = {}", "import os\nkept = [os.urandom(1 << 20) * 16 for _ in range(1000)]\nWAYS = {}")
PROGRAM = """
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
import grpc


class Well(BaseHTTPRequestHandler):
    def log_message(self, *said):
        pass

    def do_GET(self):
        self.send_response(200)
        self.end_headers()


class Any(grpc.GenericRpcHandler):
    def service(self, call):
        return grpc.stream_stream_rpc_method_handler(lambda requests, context: iter([b"\\n\\x0bHello, Ada!"]))


server = grpc.server(ThreadPoolExecutor(8), [Any()])
server.add_insecure_port("127.0.0.1:50051")
server.start()
HTTPServer(("127.0.0.1", 8080), Well).serve_forever()
"""
IMPOSTOR = CODE.replace(
    "WAYS = {}",
    "import os, sys\nos.environ['PYTHONPATH'] = ':'.join(sys.path)\n"
    f"os.execv(sys.executable, [sys.executable, '-c', {PROGRAM!r}])\n",
)
"""Another program in the place of the service, which is always well, and answers before it has read a request."""


@pytest.fixture
def variant(project: Path, example_base: Path, example_wheelhouse: Path, request: pytest.FixtureRequest) -> Path:
    """The comb with other code."""
    build(project, example_base, example_wheelhouse, request.param)
    return project


def started(engine: "DockerClient", project: Path, patience: float) -> str:
    """Why a candidate does not start."""
    clean = open_clean(str(project / "comb.yaml"), Console(), "runs")
    assert clean is not None
    plan = as_written(parted_by_groups(clean.compiled))
    containers = Containers(engine, {"candidate": shipped(engine, project / "images", clean, plan, "")}, lambda _: None)

    async def start() -> None:
        async with containers.started("candidate", Answers(plan), patience):
            pass

    with pytest.raises(Gone) as gone:
        asyncio.run(start())
    assert engine.containers.list(all=True) == []
    return str(gone.value)


@pytest.mark.parametrize("variant", [HANGING], indirect=True, ids=["hanging"])
def test_one_that_never_is_ready_is_not_waited_for_longer_than_that(engine: "DockerClient", variant: Path) -> None:
    assert started(engine, variant, 8.0) == "the candidate does not start: it was not ready after 8 s"


@pytest.mark.parametrize("variant", [EATING], indirect=True, ids=["eating"])
def test_one_that_takes_all_memory_at_its_start_is_told_of_in_words(engine: "DockerClient", variant: Path) -> None:
    said = started(engine, variant, 240.0)
    assert "the candidate does not start: hello: it was killed for want of memory: 256 MiB are allowed" in said


@pytest.mark.parametrize("variant", [IMPOSTOR], indirect=True, ids=["impostor"])
def test_answers_that_come_whatever_is_asked_do_not_pass(engine: "DockerClient", variant: Path) -> None:
    samples(variant, {"Ada": "Hello, Ada!", "Grace": "Hello, Grace!", "Alan": "Hello, Alan!"})
    ran = gate(variant, engine, "availability", *IN_CONTAINERS)
    assert (ran.code, ran.report["verdict"]) == (3, "blocked"), ran.out + ran.err
    assert ran.answered == {"1-Grace": "Hello, Ada!", "2-Alan": "Hello, Ada!"}, ran.out
