"""What `comb plan --all` costs for a tree of combs: the first time, with nothing changed, and with one comb changed.

Whole processes, user and system time with all of their children, and the largest of them in memory. The combs are
small, so that what is measured is the tree: one operator and one cluster each, .proto file and code beside them. What
they are compared with is what `comb render` wrote of them before. There is one tree: of its first half alone, then of
all of it, then with a policy that adds up what a team's combs claim of GPUs (policies/team-gpu-budgets.yaml): one comb
that changed is judged beside all others. There `comb check` of one comb is measured too. Before each of the three
everything is forgotten but what protoc said.

The goals (issue "Policies and plan"): of 10,000 combs with one changed at most 1 s and 300 MB; twice as many at most
2.2 × that.
"""

import argparse
import compileall
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
metadata: {name: NAME, team: TEAM}
interface: {proto: greeting.proto, method: greeting.v1.Greeter/Greet}
operators:
  greet:
    run: operators:Greet
    in: {name: greeting.v1.Name}
    out: greeting.v1.Greeting
    timeout: 80ms
    devices: [nvidia-t4]
    resources: {gpu: {count: 1}}
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
devices: {nvidia-t4: {memory: 16Gi}}
clusters:
  east:
    nodePools:
      cpus: {nodes: 9, cpu: 64, memory: 256Gi}
      cards:
        {nodes: 9, cpu: 8, memory: 64Gi, device: nvidia-t4, devices: 4, sharing: {backEnd: exclusive},
         labels: {card: t4}}
namespaces: {greetings: {}}
environments: {staging: {clusters: [east], namespace: greetings}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
"""
BUDGETS = ROOT / "policies" / "team-gpu-budgets.yaml"
TEAM = 50
"""So many combs a team has."""
HALVES = ("first", "more")
WHERE = ("--platform", "platform.yaml", "--environment", "staging")


class Row(NamedTuple):
    """What was measured, of so many combs; with budgets of teams or without."""

    combs: int
    run: str
    cost: "Cost"
    budgets: str = ""


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
    compileall.compile_dir(ROOT / "comb_compiler", quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["COMB_CACHE_DIR"] = f"{scratch}/cache"
        table = _table(list(_measured(Path(scratch), arguments.many)))
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _comb(number: int) -> str:
    return TEXT.replace("NAME", f"comb{number}").replace("TEAM", f"team{number // TEAM}")


def _measured(scratch: Path, many: int) -> Iterator[Row]:
    """The rows, one after the other, of one tree."""
    root = scratch / "tree"
    _write(root, many)
    with ThreadPoolExecutor(len(HALVES)) as pool:  # each is a process, which one core runs
        list(pool.map(lambda half: _run(root, "render", f"combs/{half}", *WHERE, "--unbuilt", "-o", half), HALVES))
    os.rename(root / "first", root / "out")
    yield from _plans(root, "combs/first", many // 2)
    shutil.copytree(root / "more", root / "out", dirs_exist_ok=True)
    yield from _plans(root, "combs", many)
    (root / "policies").mkdir()
    shutil.copy(BUDGETS, root / "policies")
    with (root / "platform.yaml").open("a", encoding="utf-8") as file:
        file.write("policies: [policies]\n")
    yield from _plans(root, "combs", many, ", budgets of teams")
    check = ("check", "combs/first/comb7", "--platform", "platform.yaml")
    yield Row(many, "`comb check` of one, the first", _run(root, *check), ", budgets of teams")
    again = _median([_run(root, *check) for _ in range(TURNS)])
    yield Row(many, "`comb check` of one, again", again, ", budgets of teams")


def _write(root: Path, many: int) -> None:
    """The tree, in two halves."""
    (root / ".git").mkdir(parents=True)
    (root / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    for number in range(many):
        directory = root / "combs" / HALVES[number * 2 // many] / f"comb{number}"
        directory.mkdir(parents=True)
        (directory / "comb.yaml").write_text(_comb(number), encoding="utf-8")
        (directory / "greeting.proto").write_text(PROTO, encoding="utf-8")
        (directory / "operators.py").write_text("class Greet: ...\n", encoding="utf-8")


def _plans(root: Path, paths: str, combs: int, budgets: str = "") -> Iterator[Row]:
    """The first run; then medians with nothing changed, and with one comb changed."""
    for kept in ("combs", "trees", "verdicts"):
        shutil.rmtree(Path(os.environ["COMB_CACHE_DIR"], kept), ignore_errors=True)
    time.sleep(SETTLE)
    plan = ("plan", paths, *WHERE, "--all", "--against", "out")
    yield Row(combs, "the first", _run(root, *plan, alike=combs), budgets)
    still, one = [], []
    for turn in range(TURNS):
        still.append(_run(root, *plan, alike=combs))
        file = root / "combs" / "first" / "comb7" / "comb.yaml"
        file.write_text(_comb(7).replace("80ms", f"{90 + turn}ms"), encoding="utf-8")
        one.append(_run(root, *plan, alike=combs - 1))
        file.write_text(_comb(7), encoding="utf-8")
        time.sleep(SETTLE)
        _run(root, *plan, alike=combs)
    yield Row(combs, "nothing changed", _median(still), budgets)
    yield Row(combs, "one changed", _median(one), budgets)


def _run(root: Path, *arguments: str, alike: int = 0) -> Cost:
    """What a command costs that finds nothing wrong, and that says of so many combs that they are as what is there."""
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)\n"
        "sys.stderr.write(done.stderr)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)\n"
    )
    begin = time.perf_counter()
    command = [sys.executable, "-c", script, str(COMB), *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    wall = time.perf_counter() - begin
    code, cpu, memory = done.stdout.split()
    assert code == "0", (arguments, done.stderr)
    assert not alike or f"{alike:,} combs: as what is there\n" in done.stderr, (arguments, done.stderr)
    return Cost(wall, float(cpu), float(memory))


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(sorted(column)[len(column) // 2] for column in zip(*costs, strict=True)))


def _table(rows: Sequence[Row]) -> str:
    today = datetime.now(tz=UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = ["| combs | run | wall | CPU | memory |", "|---|---|---|---|---|"]
    for combs, run, cost, budgets in rows:
        lines.append(f"| {combs:,}{budgets} | {run} | {cost.wall:.2f} s | {cost.cpu:.2f} s | {cost.memory:.0f} MB |")
    half, whole, *_ = (row.cost.cpu for row in rows if row.run == "one changed")
    lines.append(f"| | one changed: t(2n) / t(n) | | {whole / half:.2f} | |")
    repeat = "\n\nRepeat: `.venv/bin/python benchmarks/plan.py --record`\n"
    head = f"# comb plan --all\n\n{today} · {machine} · medians of {TURNS} runs of whole processes\n\n"
    return head + "\n".join(lines) + repeat


if __name__ == "__main__":
    main()
