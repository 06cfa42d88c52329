"""How fast gates ask, beside a client that does nothing but ask: the share that is kept of what a target sustains.

    .venv/bin/python benchmarks/gates.py [--rounds 7] [--seconds 2] [--record]

A target is a comb in a process of its own, as `comb gate --target local` has it. It is asked in a closed loop, with as
many requests under way, once by a bare gRPC client whose requests are serialised beforehand and which looks at no
answer, and once by a `regular` replay, which reads each request from JSON and compares all answers; block by block in
turn. Bar (issue "Gates I"): the replay asks at 80% of the bare client's rate at least.
"""

import argparse
import asyncio
import platform
import statistics
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.gate.targets import Answers, Service, launched
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.gates import Case, Regular, Set, Setting, regular
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


class Row(NamedTuple):
    """Requests in a second, by either, of each round."""

    target: str
    at_once: int
    bare: Sequence[float]
    gate: Sequence[float]

    @property
    def share(self) -> float:
        """The median of the rounds' own ratios: what slows one block slows its neighbour too."""
        return statistics.median(gate / bare for gate, bare in zip(self.gate, self.bare, strict=True))


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
        for at_once in AT_ONCE:
            await _bare(clean, address, asked, at_once, 0.5)
            bare, gate = [], []
            for _ in range(arguments.rounds):
                bare.append(await _bare(clean, address, asked, at_once, arguments.seconds))
                gate.append(await _replay(service, requests, at_once, max(1, round(bare[-1] * arguments.seconds / 3))))
            rows.append(Row(name, at_once, bare, gate))
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


async def _bare(clean: Clean, address: str, asked: Sequence[bytes], at_once: int, seconds: float) -> float:
    """Requests in a second, of a client that only asks."""
    method = Direct(address, f"{clean.plan.method.service}/{clean.plan.method.name}")
    done, began = 0, perf_counter()

    async def work(number: int) -> None:
        nonlocal done
        while perf_counter() < began + seconds:
            reply = await method.ask(asked[number % len(asked)], _LONGEST)
            assert reply.code == "OK", reply
            number, done = number + at_once, done + 1

    try:
        await asyncio.gather(*(work(number) for number in range(at_once)))
        return done / (perf_counter() - began)
    finally:
        await method.close()


async def _replay(service: Service, requests: Sequence[Mapping[str, Any]], at_once: int, count: int) -> float:
    """Requests in a second, of a replay against itself: each case is three."""
    cases = [Case(f"{number}", dict(requests[number % len(requests)])) for number in range(count)]
    began = perf_counter()
    found = await regular(Setting(service, service, {}, at_once), Set("made", "", cases), Regular(count, 0.05))
    assert found.answered == count, found.ruling
    return 3 * count / (perf_counter() - began)


def _page(rows: Sequence[Row], arguments: argparse.Namespace) -> str:
    date = datetime.now(UTC).date().isoformat()
    machine = f"{date} · {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        f"| {row.target} | {row.at_once} | {statistics.median(row.bare):,.1f} | {statistics.median(row.gate):,.1f} | "
        f"{row.share:.0%} |"
        for row in rows
    ]
    head = "| target | under way | bare client, requests/s | replay, requests/s | share |\n|---|---|---|---|---|\n"
    told = (
        f"Medians of {arguments.rounds} rounds, in which blocks of about {arguments.seconds:g} s take turns; the\n"
        "share is that of each round. Client and target have the machine's cores in common. Bar: 80%.\n\n"
        "Repeat: `.venv/bin/python benchmarks/gates.py --record`.\n"
    )
    return f"# How fast gates ask\n\n{machine}\n\n{head}" + "\n".join(lines) + f"\n\n{told}"


if __name__ == "__main__":
    main()
