"""How long the example's gates take: `comb gate availability`, `replay` and `load`, each as a whole process.

    .venv/bin/python benchmarks/gates_example.py [--record]

A copy of the example is changed by a comment of an operator, so that it is another subject, and is asked beside the
example as it is, with caches that are empty. The recorded requests are those of its standard samples, again and again,
as a service records them. Bars on two cores: two minutes for availability and replay (issue "Gates I"), and five for
all, with a load of two steps beside the baseline (issue "Gates II"). On a machine that others use too, the CPU time
tells whether they could be reached; a load takes as long as its steps say, however busy the machine is, and may then be
undecided.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.gate.session import source_of
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.runtime.client.direct import Direct
from comb_compiler.runtime.engine import run
from comb_compiler.runtime.messages import open_messages
from comb_compiler.runtime.service import Service, Settings, answering
from comb_compiler.runtime.service.web.codec import from_dict
from comb_compiler.samples import load_sample_set

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "gates-example.md"
EXAMPLE = ROOT / "examples" / "frame-moderation"
REQUESTS = 120
"""As many as the example's `regular` asks."""
GATES = ("availability", "replay", "load")
BARS = {2: 120.0, 3: 300.0}
"""Seconds, of so many gates together."""
_LONGEST = 120.0


class Took(NamedTuple):
    """Seconds of a command and of all that it started: by the clock, and of CPU."""

    command: str
    clock: float
    cpu: float
    verdict: str = ""
    bar: float | None = None

    @property
    def line(self) -> str:
        """Of a table of Markdown."""
        bar = "" if self.bar is None else f"{self.bar:.0f}"
        return f"| {self.command} | {self.clock:.0f} | {self.cpu:.0f} | {bar} | {self.verdict} |"


_HEAD = "| command | seconds | seconds of CPU | bar, seconds | verdict |\n|---|---:|---:|---:|---|"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    print(_HEAD)
    rows: list[Took] = []
    with tempfile.TemporaryDirectory() as directory:
        for row in _rows(Path(directory)):
            rows.append(row)
            print(row.line, flush=True)
    if arguments.record:
        RESULT.write_text(_page(rows), encoding="utf-8")


def _rows(place: Path) -> Iterator[Took]:
    changed, store = place / "changed", place / "records"
    shutil.copytree(EXAMPLE, changed, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (changed / ".git").mkdir()
    with (changed / "operators" / "verdict.py").open("a", encoding="utf-8") as file:
        file.write("\n# Another subject.\n")
    _record(changed, store)
    rows: list[Took] = []
    for number, which in enumerate(GATES, 1):
        rows.append(_timed(which, changed, store, place / "cache"))
        yield rows[-1]
        if number in BARS:
            clock, cpu = sum(one.clock for one in rows), sum(one.cpu for one in rows)
            yield Took(f"these {number}", clock, cpu, bar=BARS[number])


def _record(comb: Path, store: Path) -> None:
    """Have a service record requests."""
    clean = open_clean(str(comb / "comb.yaml"), Console(), "is measured")
    assert clean is not None
    source = source_of(clean, "", is_patient=True)
    plan = source.plan._replace(recording=source.plan.recording._replace(sample=1.0))
    settings = Settings(grpc_port=0, http_port=0, settle=0.0, samples=f"embedded:{store}")
    found, flaws = load_sample_set(comb / "samples" / "standard")
    assert not flaws
    asked = [_bytes(clean, one.request) for one in found.samples if one.error is None]

    async def serve() -> None:
        async with Service(settings) as service, answering(source._replace(plan=plan), settings) as served:
            service.show(served)
            method = Direct(service.addresses.grpc, f"{plan.method.service}/{plan.method.name}")
            try:
                for content in islice(cycle(asked), REQUESTS):
                    reply = await method.ask(content, _LONGEST)
                    assert reply.code == "OK", reply
            finally:
                await method.close()

    run(serve())


def _bytes(clean: Clean, request: Any) -> bytes:
    kind: Any = open_messages(clean.plan.descriptors)[clean.plan.method.input]
    return bytes(from_dict(dict(request), kind).SerializeToString())


def _timed(which: str, comb: Path, store: Path, cache: Path) -> Took:
    command = [sys.executable, "-m", "comb_compiler", "gate", which, str(comb), "--patient"]
    report = cache.parent / "report"
    command += ["--baseline", str(EXAMPLE), "--store", f"embedded:{store}", "--report", str(report)]
    before, began = _used(), perf_counter()
    done = subprocess.run(command, env={**os.environ, "COMB_CACHE_DIR": str(cache)}, capture_output=True, text=True)
    clock, cpu = perf_counter() - began, _used() - before
    assert done.returncode in (Exit.CLEAN, Exit.GATE_BLOCKS), done.stdout + done.stderr
    verdict = json.loads((report / "report.json").read_text("utf-8"))["verdict"]
    assert verdict == "passed" or (which == "load" and verdict == "undecided"), done.stdout + done.stderr
    return Took(f"`comb gate {which}`", clock, cpu, verdict)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _page(rows: Sequence[Took]) -> str:
    date = datetime.now(UTC).date().isoformat()
    machine = f"{date} · {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    busy = f"{os.cpu_count()} cores; load {os.getloadavg()[0]:.1f} at the end"
    table = "\n".join([_HEAD, *(row.line for row in rows)])
    return f"# How long the example's gates take\n\n{machine}, {busy}\n\n{table}\n{_NOTES}"


_NOTES = """
Whole processes, with those that they start, one after the other: `availability` with empty caches, then `replay`, then
`load`. A load takes as long as its steps say; on a machine that others use too it may be undecided.

Repeat: `.venv/bin/python benchmarks/gates_example.py --record`.
"""


if __name__ == "__main__":
    main()
