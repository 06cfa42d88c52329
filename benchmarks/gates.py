"""How fast gates ask, beside a client that does nothing but ask: the share that is kept of what a target sustains.

    .venv/bin/python benchmarks/gates.py [--rounds 7] [--seconds 2] [--record]

A target is a comb in a process of its own, as `comb gate --target local` has it. It is asked in a closed loop, with as
many requests under way, once by a bare gRPC client whose requests are serialised beforehand and which looks at no
answer, and by `regular` replays, which compare all answers and keep them: of recorded requests, which are bytes, and of
samples in files, which are JSON with pictures beside it; block by block in turn. Bar (issue "Gates I"): a replay asks
at 80% of the bare client's rate at least.

Where others use the machine too, rates say little: who is preempted between an answer and a request loses its turn.
Beside them is what the harness itself took of the CPU; and `chrt -f 10`, as root, has the command go before others.
"""

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.cases import interface_of
from comb_compiler.cli.gate.encoding import message_of
from comb_compiler.cli.gate.journal import open_journal
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.targets import Answers, Service, launched
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.gates import Case, Recorded, Regular, Set, Setting, regular
from comb_compiler.runtime.client.direct import Direct
from comb_compiler.runtime.messages import open_messages
from comb_compiler.samples import load_sample_set

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "gates.md"
EXAMPLE = ROOT / "examples" / "frame-moderation"
STANDARD = EXAMPLE / "samples" / "standard"
AT_ONCE = (1, 2, 8)
_LONGEST = 60.0
_TARGETS = 3
"""Each case is asked of the baseline twice, and of the candidate."""
_LEAST = 2
"""Cases for each that is under way."""

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: echo, team: benchmarks}
interface: {proto: echo.proto, method: echo.v1.Echo/Say}
operators: {say: {run: "operators:Say", in: {content: echo.v1.Content}, out: echo.v1.Said, timeout: 30s}}
graph: {said: say(content=$request.content), return: said}
sla: {deadline: 60s}
"""
PROTO = """\
syntax = "proto3";
package echo.v1;
message Content { string name = 1; bytes picture = 2; repeated Line lines = 3; }
message Line { string text = 1; float score = 2; }
message SayRequest { Content content = 1; }
message Said { string name = 1; repeated Line lines = 2; }
service Echo { rpc Say(SayRequest) returns (Said); }
"""
CODE = """\
import time

from comb_compiler.runtime import Messages


class Say:
    def __init__(self, messages: Messages) -> None:
        self._answer = messages["echo.v1.Said"]

    def __call__(self, content: "echo.v1.Content") -> "echo.v1.Said":
        until = time.perf_counter() + WORK
        while time.perf_counter() < until:
            pass
        return self._answer(name=content.name, lines=content.lines)
"""


class Kind(NamedTuple):
    """A target and what it is asked: seconds of work in each request, the bytes of a picture, lines of text."""

    name: str
    work: float
    picture: int
    lines: int


KINDS = (
    Kind("no work, 10 bytes", 0.0, 0, 0),
    Kind("no work, a picture of 100 kB and 20 lines", 0.0, 100_000, 20),
    Kind("5 ms of work, a picture of 100 kB and 20 lines", 0.005, 100_000, 20),
)


class Rate(NamedTuple):
    """Requests in a second, and microseconds of CPU of this process for each."""

    rate: float
    took: float


class Row(NamedTuple):
    """What came of each round: of the bare client, of a replay of recorded requests, and of one of samples in files."""

    target: str
    at_once: int
    rounds: Sequence[tuple[Rate, ...]]

    def cells(self) -> Iterator[str]:
        """The medians, and those of the rounds' own ratios: what slows one block slows its neighbour too."""
        yield from (self.target, str(self.at_once))
        for one, blocks in enumerate(zip(*self.rounds, strict=True)):
            yield f"{statistics.median(block.rate for block in blocks):,.1f}"
            if one:
                yield f"{statistics.median(there[one].rate / there[0].rate for there in self.rounds):.0%}"
            yield f"{statistics.median(block.took for block in blocks):,.0f}"

    @property
    def line(self) -> str:
        """Of a table of Markdown."""
        return f"| {' | '.join(self.cells())} |"


_HEAD = (
    "| target | under way | bare client, requests/s | µs of CPU | recorded, requests/s | share | µs of CPU | "
    "files, requests/s | share | µs of CPU |\n|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a block is")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    rows = []
    print(_HEAD)
    for row in _rows(arguments):
        print(row.line, flush=True)
        rows.append(row)
    if arguments.record:
        RESULT.write_text(_page(rows, arguments), encoding="utf-8")


def _rows(arguments: argparse.Namespace) -> Iterator[Row]:
    for kind in KINDS:
        yield from _made(kind, arguments)
    yield from _measured("the example, its standard samples", _opened(EXAMPLE), _requests(STANDARD), arguments)


def _made(kind: Kind, arguments: argparse.Namespace) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / ".git").mkdir()
        (place / "comb.yaml").write_text(COMB, encoding="utf-8")
        (place / "echo.proto").write_text(PROTO, encoding="utf-8")
        (place / "operators.py").write_text(CODE.replace("WORK", str(kind.work)), encoding="utf-8")
        random = Random(7)
        sample = place / "samples" / "one"
        sample.mkdir(parents=True)
        (sample / "picture.bin").write_bytes(random.randbytes(kind.picture))
        lines = [{"text": f"line {number}", "score": random.random()} for number in range(kind.lines)]
        content = {"name": "Ada", "picture": {"$file": "picture.bin"}, "lines": lines}
        (sample / "request.json").write_text(json.dumps({"content": content}), encoding="utf-8")
        (sample / "expected.json").write_text("{}", encoding="utf-8")
        yield from _measured(kind.name, _opened(place), _requests(sample.parent), arguments)


def _requests(directory: Path) -> list[Mapping[str, Any]]:
    found, flaws = load_sample_set(directory)
    assert not flaws
    return [one.request for one in found.samples if one.error is None]


def _opened(place: Path) -> Clean:
    clean = open_clean(str(place / "comb.yaml"), Console(), "is measured")
    assert clean is not None
    return clean


def _measured(
    name: str, clean: Clean, requests: Sequence[Mapping[str, Any]], arguments: argparse.Namespace
) -> Iterator[Row]:
    with asyncio.Runner() as runner:
        for at_once in AT_ONCE:
            yield runner.run(_row(name, clean, requests, at_once, arguments))


async def _row(
    name: str, clean: Clean, requests: Sequence[Mapping[str, Any]], at_once: int, arguments: argparse.Namespace
) -> Row:
    asked = [_bytes(clean, one) for one in requests]
    recorded = [Recorded(one, interface_of(clean.plan), dict) for one in asked]
    rounds = []
    answers = Answers(clean.plan)
    async with launched("candidate", source_of(clean, "", is_patient=True), answers) as service:
        first = await _bare(clean, service.address, asked, at_once, _LEAST * at_once)
        count = max(_LEAST * at_once, round(first.rate * arguments.seconds / _TARGETS))
        for _ in range(arguments.rounds):
            bare = await _bare(clean, service.address, asked, at_once, count)
            replays = [await _replay(service, answers.kind, one, at_once, count) for one in (recorded, requests)]
            rounds.append((bare, *replays))
    return Row(name, at_once, rounds)


def _bytes(clean: Clean, request: Mapping[str, Any]) -> bytes:
    kind: Any = open_messages(clean.plan.descriptors)[clean.plan.method.input]
    return bytes(message_of(request, kind).SerializeToString())


async def _bare(clean: Clean, address: str, asked: Sequence[bytes], at_once: int, count: int) -> Rate:
    """Of a client that only asks: as often as a replay of so many cases does, and the same."""
    method = Direct(address, f"{clean.plan.method.service}/{clean.plan.method.name}")
    left = [asked[number % len(asked)] for number in range(count) for _ in range(_TARGETS)]
    began, used = perf_counter(), process_time()

    async def work() -> None:
        while left:
            reply = await method.ask(left.pop(), _LONGEST)
            assert reply.code == "OK", reply

    try:
        await asyncio.gather(*(work() for _ in range(at_once)))
        return _rate(_TARGETS * count, began, used)
    finally:
        await method.close()


async def _replay(service: Service, kind: Any, requests: Sequence[Mapping[str, Any]], at_once: int, count: int) -> Rate:
    """Of a replay against itself, whose answers are compared and kept, as the command does."""
    cases = [Case(f"{number}", copy(requests[number % len(requests)])) for number in range(count)]
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        journal = stack.enter_context(closing(open_journal(directory, "replay", kind, datetime.now(UTC), fresh=True)))
        setting = Setting(service, service, {}, at_once, journal=journal)
        began, used = perf_counter(), process_time()
        found = await regular(setting, Set("made", "", cases), Regular(count, 0.05))
        assert found.answered == count, found.ruling
        return _rate(_TARGETS * count, began, used)


def _rate(count: int, began: float, used: float) -> Rate:
    return Rate(count / (perf_counter() - began), (process_time() - used) / count * 1e6)


def _page(rows: Sequence[Row], arguments: argparse.Namespace) -> str:
    date = datetime.now(UTC).date().isoformat()
    machine = f"{date} · {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    table = "\n".join([_HEAD, *(row.line for row in rows)])
    rounds = f"Medians of {arguments.rounds} rounds, in which blocks of about {arguments.seconds:g} s take turns"
    return f"# How fast gates ask\n\n{machine}\n\n{table}\n\n{rounds}{_NOTES}"


_NOTES = """;
the share is that of each round, and the CPU that of the harness, for each request. Client and target have the
machine's cores in common, and go before all else on it. Bar: 80%. Of samples in files the JSON is read by Protobuf's
own reader, once for all targets; pictures beside it go into requests as they are.

Repeat: `chrt -f 10 .venv/bin/python benchmarks/gates.py --record`.
"""


if __name__ == "__main__":
    main()
