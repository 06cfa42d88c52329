"""How fast gates ask, beside a client that does nothing but ask: the share that is kept of what a target sustains.

    .venv/bin/python benchmarks/gates.py [--rounds 7] [--seconds 2] [--record]

A target is a comb in a process of its own, as `comb gate --target local` has it. It is asked in a closed loop, with as
many requests under way, once by a bare gRPC client whose requests are serialised beforehand and which looks at no
answer, and by `regular` replays, which compare all answers: of recorded requests, which are bytes, and of samples in
files, which are JSON; block by block in turn. Bar (issue "Gates I"): a replay of recorded traffic asks at 80% of the
bare client's rate at least.

Where others use the machine too, rates say little: beside them is what the harness itself took of the CPU.
"""

import argparse
import asyncio
import platform
import statistics
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.cases import interface_of
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
AT_ONCE = (1, 2, 8)
_LONGEST = 60.0

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a block is")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    rows = [row for kind in KINDS for row in _made(kind, arguments)]
    rows += _measured("the example, its standard samples", _opened(EXAMPLE), _example(), arguments)
    page = _page(rows, arguments)
    print(page)
    if arguments.record:
        RESULT.write_text(page, encoding="utf-8")


def _made(kind: Kind, arguments: argparse.Namespace) -> list[Row]:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / ".git").mkdir()
        (place / "comb.yaml").write_text(COMB, encoding="utf-8")
        (place / "echo.proto").write_text(PROTO, encoding="utf-8")
        (place / "operators.py").write_text(CODE.replace("WORK", str(kind.work)), encoding="utf-8")
        random = Random(7)
        picture = b64encode(random.randbytes(kind.picture)).decode("ascii")
        lines = [{"text": f"line {number}", "score": random.random()} for number in range(kind.lines)]
        request = {"content": {"name": "Ada", "picture": picture, "lines": lines}}
        return _measured(kind.name, _opened(place), [request], arguments)


def _example() -> list[Mapping[str, Any]]:
    found, flaws = load_sample_set(EXAMPLE / "samples" / "standard")
    assert not flaws
    return [one.request for one in found.samples]


def _opened(place: Path) -> Clean:
    clean = open_clean(str(place / "comb.yaml"), Console(), "is measured")
    assert clean is not None
    return clean


def _measured(
    name: str, clean: Clean, requests: Sequence[Mapping[str, Any]], arguments: argparse.Namespace
) -> list[Row]:
    return asyncio.run(_rows(name, clean, requests, arguments))


async def _rows(
    name: str, clean: Clean, requests: Sequence[Mapping[str, Any]], arguments: argparse.Namespace
) -> list[Row]:
    rows = []
    async with _target(clean) as (service, address):
        asked = [_bytes(clean, one) for one in requests]
        recorded = [Recorded(one, interface_of(clean.plan), dict) for one in asked]
        for at_once in AT_ONCE:
            await _bare(clean, address, asked, at_once, 0.5)
            rounds = []
            for _ in range(arguments.rounds):
                bare = await _bare(clean, address, asked, at_once, arguments.seconds)
                count = max(1, round(bare.rate * arguments.seconds / 3))
                rounds.append((bare, *[await _replay(service, one, at_once, count) for one in (recorded, requests)]))
            rows.append(Row(name, at_once, rounds))
    return rows


@asynccontextmanager
async def _target(clean: Clean) -> AsyncIterator[tuple[Service, str]]:
    source = source_of(clean, "", is_patient=True)
    async with launched("candidate", source, Answers(clean.plan)) as service:
        yield service, service.address


def _bytes(clean: Clean, request: Mapping[str, Any]) -> bytes:
    from comb_compiler.runtime.service.web.codec import from_dict

    kind: Any = open_messages(clean.plan.descriptors)[clean.plan.method.input]
    return bytes(from_dict(dict(request), kind).SerializeToString())


async def _bare(clean: Clean, address: str, asked: Sequence[bytes], at_once: int, seconds: float) -> Rate:
    """Of a client that only asks."""
    method = Direct(address, f"{clean.plan.method.service}/{clean.plan.method.name}")
    done, began, used = 0, perf_counter(), process_time()

    async def work(number: int) -> None:
        nonlocal done
        while perf_counter() < began + seconds:
            reply = await method.ask(asked[number % len(asked)], _LONGEST)
            assert reply.code == "OK", reply
            number, done = number + at_once, done + 1

    try:
        await asyncio.gather(*(work(number) for number in range(at_once)))
        return _rate(done, began, used)
    finally:
        await method.close()


async def _replay(service: Service, requests: Sequence[Mapping[str, Any]], at_once: int, count: int) -> Rate:
    """Of a replay against itself: each case is three requests."""
    cases = [Case(f"{number}", copy(requests[number % len(requests)])) for number in range(count)]
    began, used = perf_counter(), process_time()
    found = await regular(Setting(service, service, {}, at_once), Set("made", "", cases), Regular(count, 0.05))
    assert found.answered == count, found.ruling
    return _rate(3 * count, began, used)


def _rate(count: int, began: float, used: float) -> Rate:
    return Rate(count / (perf_counter() - began), (process_time() - used) / count * 1e6)


def _page(rows: Sequence[Row], arguments: argparse.Namespace) -> str:
    date = datetime.now(UTC).date().isoformat()
    machine = f"{date} · {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [f"| {' | '.join(row.cells())} |" for row in rows]
    head = "| target | under way | bare client, requests/s | µs of CPU | recorded, requests/s | share | µs of CPU | "
    head += "files, requests/s | share | µs of CPU |\n|---|---|---|---|---|---|---|---|---|---|\n"
    told = (
        f"Medians of {arguments.rounds} rounds, in which blocks of about {arguments.seconds:g} s take turns; the\n"
        "share is that of each round, and the CPU that of the harness, for each request. Client and target have the\n"
        "machine's cores in common. Bar: 80% where requests are recorded.\n\n"
        "Repeat: `.venv/bin/python benchmarks/gates.py --record`.\n"
    )
    return f"# How fast gates ask\n\n{machine}\n\n{head}" + "\n".join(lines) + f"\n\n{told}"


if __name__ == "__main__":
    main()
