"""`comb run`: what it says and serves, what keeps it from serving, and changes while it runs."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from comb_compiler.compiler import compile_comb
from comb_compiler.release.subject import subjects_of
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.store import Query
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.operators import code_digest
from comb_compiler.workspace.sources import load_sources
from tests.architecture.imports import ROOT
from tests.runtime.service.serving import exchange

HELLO = ROOT / "examples" / "hello"
BROKEN = "def ("
_PATIENCE = 240.0


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """A copy of the smallest comb."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(HELLO, tmp_path / "hello", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "hello"


class Run:
    """A running `comb run`."""

    def __init__(self, comb: Path, *arguments: str) -> None:
        command = [
            sys.executable,
            "-m",
            "comb_compiler",
            "run",
            str(comb),
            "--grpc-port=0",
            "--http-port=0",
            *arguments,
        ]
        both = subprocess.STDOUT
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=both, text=True)
        self.said: list[str] = []
        self._lines: Queue[str] = Queue()
        self.reading = threading.Thread(target=self._read, daemon=True)
        self.reading.start()
        self.http = int(self.wait_for(r"HTTP  http://\S+:(\d+)"))

    def wait_for(self, pattern: str) -> str:
        """The first group of the pattern in a line that comes."""
        while True:
            try:
                found = re.search(pattern, self._lines.get(timeout=_PATIENCE))
            except Empty:
                raise AssertionError(f"it never said {pattern}, but {self.said}") from None
            if found:
                return found[1]

    async def greet(self, name: str) -> Any:
        """What it answers."""
        return (await exchange(self.http, "/v1/call", {"name": name})).json

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            self._lines.put(line)


@contextmanager
def running(comb: Path, *arguments: str) -> Iterator[Run]:
    """`comb run`, for as long as the block lasts; then it ends in order."""
    run = Run(comb, *arguments)
    try:
        yield run
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(_PATIENCE) == 0
    except BaseException:  # what it started beside itself ends with it, and would not where it is killed
        run.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            run.process.wait(_PATIENCE)
        raise
    finally:
        run.process.kill()
        run.process.wait(_PATIENCE)
        run.reading.join(_PATIENCE)
        assert run.process.stdout is not None
        run.process.stdout.close()


def test_what_it_prints_can_be_pasted(hello: Path) -> None:
    with running(hello) as run:
        run.wait_for("(grpcurl -plaintext .* describe hello.v1.GreeterService)")
        curl = next(line for line in run.said if line.startswith("  curl "))
        assert f"http://127.0.0.1:{run.http}/v1/call" in curl
        body = re.search(r"-d '([^']*)'", curl)
        assert body is not None
        answer = asyncio.run(exchange(run.http, "/v1/call", json.loads(body[1])))
        assert answer.json == {"text": "Hello, …!"}


@pytest.mark.slow
def test_changes_are_served_when_they_are_clean_and_no_request_is_lost(hello: Path, tmp_path: Path) -> None:
    code, comb = hello / "operators.py", hello / "comb.yaml"
    right, clean = code.read_text(encoding="utf-8"), comb.read_text(encoding="utf-8")
    beside = tmp_path / "beside"
    beside.mkdir()
    with running(hello, "--reload", f"--workspace={beside}") as run:
        answers: list[str] = []

        async def ask_on(told: asyncio.Event) -> None:
            while not told.is_set():
                answers.append((await run.greet("you"))["text"])

        async def main() -> None:
            told = asyncio.Event()
            asking = [asyncio.ensure_future(ask_on(told)) for _ in range(4)]
            await asyncio.to_thread(run.wait_for, "looking for (changes)")
            code.write_text(right.replace("Hello", "Good day"), encoding="utf-8")
            await asyncio.to_thread(run.wait_for, "the (change) is served")
            assert (await run.greet("you"))["text"] == "Good day, you!"
            comb.write_text(clean.replace("operators:", "operaters:"), encoding="utf-8")
            await asyncio.to_thread(run.wait_for, "what was served before (goes on)")
            beside.rmdir()
            comb.write_text(clean, encoding="utf-8")
            await asyncio.to_thread(run.wait_for, "what was served before (goes on)")
            beside.mkdir()
            comb.write_text(f"{clean}\n", encoding="utf-8")
            await asyncio.to_thread(run.wait_for, "the (change) is served")
            code.write_text(BROKEN, encoding="utf-8")
            await asyncio.to_thread(run.wait_for, "what was served before (goes on)")
            assert (await run.greet("you"))["text"] == "Good day, you!"
            told.set()
            await asyncio.gather(*asking)

        asyncio.run(main())
        assert set(answers) == {"Hello, you!", "Good day, you!"}
        assert any("COMB2001" in line for line in run.said)


def ran(comb: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code of `comb run`, and what it said."""
    command = [sys.executable, "-m", "comb_compiler", "run", str(comb), "--grpc-port=0", "--http-port=0", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE, env=os.environ | environment
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "said"),
    [
        (("--requests=0",), {}, 2, "--requests is '0', and must be a whole number of at least 1"),
        ((), {"COMB_DRAIN": "soon"}, 2, "COMB_DRAIN is 'soon', and must be a number of at least 0 seconds"),
        (("--tls-key=x",), {}, 2, "--tls-certificate and --tls-key go together"),
        (("--host=203.0.113.1",), {}, 4, "HTTP cannot listen on 203.0.113.1:0"),
    ],
)
def test_settings_that_cannot_be_are_told(
    hello: Path, arguments: tuple[str, ...], environment: dict[str, str], code: int, said: str
) -> None:
    found, text = ran(hello, *arguments, **environment)
    assert found == code
    assert said in text


def test_a_comb_with_mistakes_is_not_run(hello: Path) -> None:
    comb = hello / "comb.yaml"
    comb.write_text(comb.read_text(encoding="utf-8").replace("operators:", "operaters:"), encoding="utf-8")
    code, text = ran(hello)
    assert code == 1
    assert "COMB2001" in text


def test_operators_that_cannot_be_loaded_are_told(hello: Path) -> None:
    (hello / "operators.py").write_text(BROKEN, encoding="utf-8")
    code, text = ran(hello)
    assert code == 1
    assert "hello cannot run: operators:Greet: " in text


def test_what_is_no_comb_is_told(tmp_path: Path) -> None:
    assert ran(tmp_path)[0] == 2
    assert ran(ROOT / "examples" / "frame-moderation" / "platform.yaml")[0] == 2


def test_its_own_output_is_no_change(hello: Path) -> None:
    script = (
        "from comb_compiler.cli.looking import Path, looks_of; print(*(Path(one).name for one in looks_of(Path())))"
    )
    with (hello / "log.txt").open("wb") as log:
        subprocess.run([sys.executable, "-c", script], cwd=hello, stdout=log, check=True, env={"PYTHONPATH": str(ROOT)})
    assert sorted((hello / "log.txt").read_text("utf-8").split()) == [
        "comb.lock",
        "comb.yaml",
        "hello.proto",
        "operators.py",
    ]


def test_what_is_recorded_names_the_subject_that_the_gates_prove(hello: Path, tmp_path: Path) -> None:
    comb = hello / "comb.yaml"
    comb.write_text(comb.read_text("utf-8") + "recording: {sample: 100%, keep: 12h}\n", "utf-8")
    with running(hello, f"--samples=embedded:{tmp_path / 'samples'}") as run:
        assert run.wait_for(r"records  (.*), into embedded:") == "100% of requests and each with error, timeout, oom"
        asyncio.run(run.greet("Ada"))
    checkout = Checkout(str(tmp_path))
    compiled = compile_comb(load_sources(checkout, "hello/comb.yaml"))
    assert compiled.plan is not None
    assert compiled.plan.recording.keep == 12 * 3600
    subject, _ = subjects_of(compiled.plan, code_digest(checkout, "hello/comb.yaml"))
    store = EmbeddedStore(tmp_path / "samples")
    assert [one.subject for one in store.scan(Query())] == [subject]
    store.close()


PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: laptop}
clusters: {kind: {nodePools: {cpus: {nodes: 1, cpu: 8, memory: 16Gi}}}}
namespaces: {combs: {}}
environments: {local: {clusters: [kind], namespace: combs}}
environmentRepository: {url: "file:///srv/environments.git"}
registry: {push: localhost:5000/combs}
sampleStore: %s
"""
SERVERS = "{elasticsearch: {urls: ['http://127.0.0.1:9'], credentials: who}, hbase: {host: 127.0.0.1, port: 9}}"


def test_it_records_where_a_platform_says(hello: Path) -> None:
    comb, platform = hello / "comb.yaml", hello / "platform.yaml"
    comb.write_text(comb.read_text("utf-8") + "recording: {sample: 100%}\n", "utf-8")
    platform.write_text(PLATFORM % "{embedded: {directory: kept}}", "utf-8")
    with running(hello, f"--samples=platform:{platform}") as run:
        asyncio.run(run.greet("Ada"))
    store = EmbeddedStore(hello / "kept")
    assert len(list(store.scan(Query()))) == 1
    store.close()
    platform.write_text(PLATFORM % SERVERS, "utf-8")
    code, text = ran(hello, f"--samples=platform:{platform}")
    assert (code, "neither WHO_USER with WHO_PASSWORD nor WHO_API_KEY is there" in text) == (2, True)
    platform.write_text(PLATFORM % SERVERS.replace(", credentials: who", ""), "utf-8")
    with running(hello, f"--samples=platform:{platform}") as run:
        asyncio.run(run.greet("Eve"))
        run.wait_for(r"(the sample store does not take records), which wait until it does")
    assert any(one.stat().st_size for one in (hello / ".comb" / "spool").iterdir()), "they wait"
