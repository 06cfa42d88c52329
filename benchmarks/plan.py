"""What `comb plan --all` costs for a tree of combs: the first time, with nothing changed, and with one comb changed.

Whole processes, user and system time with all of their children, and the largest of them in memory. The combs are
small, so that what is measured is the tree: one operator and one cluster each, .proto file and code beside them. What
they are compared with is what `comb render` wrote of them before.

The goals (issue "Policies and plan"): of 10,000 combs with one changed at most 1 s and 300 MB; twice as many at most
2.2 × that.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "plan.md"
COMB = Path(sys.executable).parent / "comb"
TURNS = 5
SETTLE = 2.5
"""Seconds until what was just written counts as settled."""

TEXT = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: NAME}
interface: {proto: greeting.proto, method: greeting.v1.Greeter/Greet}
operators:
  greet: {run: "operators:Greet", in: {name: greeting.v1.Name}, out: greeting.v1.Greeting, timeout: 80ms}
graph:
  hello: greet(name=$request.name)
  return: hello
"""
PROTO = """\
syntax = "proto3";
package greeting.v1;
message Name { string text = 1; }
message Greeting { string text = 1; }
message GreetRequest { Name name = 1; }
service Greeter { rpc Greet(GreetRequest) returns (Greeting); }
"""
PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {east: {nodePools: {cpus: {nodes: 9, cpu: 64, memory: 256Gi}}}}
namespaces: {greetings: {}}
environments: {staging: {clusters: [east], namespace: greetings}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""
WHERE = ("--platform", "platform.yaml", "--environment", "staging")


class Cost(NamedTuple):
    """Of a run with its children: seconds on the clock, seconds of CPU, and the MB of the largest process."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    rows = []
    for count in (arguments.many // 2, arguments.many):
        with tempfile.TemporaryDirectory() as scratch:
            rows.append((count, *_costs(Path(scratch), count)))
    table = _table(rows)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _costs(scratch: Path, count: int) -> tuple[Cost, Cost, Cost]:
    """Of so many combs: the first run; then medians with nothing changed, and with one comb changed."""
    root = scratch / "tree"
    _write(root, count)
    os.environ["COMB_CACHE_DIR"] = str(scratch / "cache")
    _run(root, "render", "combs", *WHERE, "--unbuilt", "-o", "out")
    time.sleep(SETTLE)
    plan = ("plan", "combs", *WHERE, "--all", "--against", "out")
    first = _run(root, *plan)
    still, one = [], []
    for turn in range(TURNS):
        still.append(_run(root, *plan))
        file = root / "combs" / "comb7" / "comb.yaml"
        file.write_text(TEXT.replace("NAME", "comb7").replace("80ms", f"{90 + turn}ms"), encoding="utf-8")
        one.append(_run(root, *plan))
        file.write_text(TEXT.replace("NAME", "comb7"), encoding="utf-8")
        time.sleep(SETTLE)
        _run(root, *plan)
    return first, _median(still), _median(one)


def _write(root: Path, count: int) -> None:
    (root / ".git").mkdir(parents=True)
    (root / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    for number in range(count):
        directory = root / "combs" / f"comb{number}"
        directory.mkdir(parents=True)
        (directory / "comb.yaml").write_text(TEXT.replace("NAME", f"comb{number}"), encoding="utf-8")
        (directory / "greeting.proto").write_text(PROTO, encoding="utf-8")
        (directory / "operators.py").write_text("class Greet: ...\n", encoding="utf-8")


def _run(root: Path, *arguments: str) -> Cost:
    script = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(code, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)\n"
    )
    begin = time.perf_counter()
    command = [sys.executable, "-c", script, str(COMB), *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - begin
    code, cpu, memory = done.stdout.split()
    assert code == "0", arguments
    return Cost(wall, float(cpu), float(memory))


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(sorted(column)[len(column) // 2] for column in zip(*costs, strict=True)))


def _table(rows: Sequence[tuple[int, Cost, Cost, Cost]]) -> str:
    today = datetime.now(tz=UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = ["| combs | run | wall | CPU | memory |", "|---|---|---|---|---|"]
    for count, *costs in rows:
        for name, cost in zip(("the first", "nothing changed", "one changed"), costs, strict=True):
            lines.append(f"| {count:,} | {name} | {cost.wall:.2f} s | {cost.cpu:.2f} s | {cost.memory:.0f} MB |")
    ratio = rows[1][3].cpu / rows[0][3].cpu
    lines.append(f"| | one changed: t(2n) / t(n) | | {ratio:.2f} | |")
    repeat = "\n\nRepeat: `.venv/bin/python benchmarks/plan.py --record`\n"
    head = f"# comb plan --all\n\n{today} · {machine} · medians of {TURNS} runs of whole processes\n\n"
    return head + "\n".join(lines) + repeat


if __name__ == "__main__":
    main()
