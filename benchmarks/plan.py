"""What `comb plan --all` costs for a tree of combs: the first time, with nothing changed, and with one comb changed.

Whole processes, user and system time with all of their children, and the largest of them in memory. The combs are
small, so that what is measured is the tree: one operator and one cluster each, .proto file and code beside them. What
they are compared with is what `comb render` wrote of them before. The last of the trees has a policy that adds up
what a team's combs claim of GPUs (policies/team-gpu-budgets.yaml): one comb that changed is judged beside all others.

The goals (issue "Policies and plan"): of 10,000 combs with one changed at most 1 s and 300 MB; twice as many at most
2.2 × that.
"""

import argparse
import compileall
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
GPUS = (
    ("metadata: {name: NAME}", "metadata: {name: NAME, team: TEAM}"),
    ("timeout: 80ms}", "timeout: 80ms, devices: [nvidia-t4], resources: {gpu: {count: 1}}}"),
)
CARDS = (
    ("clusters: {east: {nodePools: {", "clusters: {east: {nodePools: {cards: POOL, "),
    ("POOL", "{nodes: 9, cpu: 8, memory: 64Gi, device: nvidia-t4, devices: 4, SHARED, labels: {card: t4}}"),
    ("SHARED", "sharing: {backEnd: exclusive}"),
    ("registry:", "devices: {nvidia-t4: {memory: 16Gi}}\npolicies: [policies]\nregistry:"),
)
BUDGETS = ROOT / "policies" / "team-gpu-budgets.yaml"
TEAM = 50
"""So many combs a team has."""
WHERE = ("--platform", "platform.yaml", "--environment", "staging")


class Tree(NamedTuple):
    """So many combs; with GPUs, and a budget of each team for them, where it `has_budgets`."""

    combs: int
    has_budgets: bool = False

    def comb(self, number: int) -> str:
        text = _replaced(TEXT, GPUS) if self.has_budgets else TEXT
        return text.replace("NAME", f"comb{number}").replace("TEAM", f"team{number // TEAM}")

    def write(self, root: Path) -> None:
        (root / ".git").mkdir(parents=True)
        platform_ = _replaced(PLATFORM, CARDS) if self.has_budgets else PLATFORM
        (root / "platform.yaml").write_text(platform_, encoding="utf-8")
        if self.has_budgets:
            (root / "policies").mkdir()
            (root / "policies" / BUDGETS.name).write_bytes(BUDGETS.read_bytes())
        for number in range(self.combs):
            directory = root / "combs" / f"comb{number}"
            directory.mkdir(parents=True)
            (directory / "comb.yaml").write_text(self.comb(number), encoding="utf-8")
            (directory / "greeting.proto").write_text(PROTO, encoding="utf-8")
            (directory / "operators.py").write_text("class Greet: ...\n", encoding="utf-8")


def _replaced(text: str, edits: Sequence[tuple[str, str]]) -> str:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


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
    rows = []
    for tree in (Tree(arguments.many // 2), Tree(arguments.many), Tree(arguments.many, has_budgets=True)):
        with tempfile.TemporaryDirectory() as scratch:
            rows.append((tree, *_costs(Path(scratch), tree)))
    table = _table(rows)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _costs(scratch: Path, tree: Tree) -> tuple[Cost, Cost, Cost]:
    """The first run; then medians with nothing changed, and with one comb changed."""
    root = scratch / "tree"
    tree.write(root)
    os.environ["COMB_CACHE_DIR"] = str(scratch / "cache")
    _run(root, "render", "combs", *WHERE, "--unbuilt", "-o", "out")
    time.sleep(SETTLE)
    plan = ("plan", "combs", *WHERE, "--all", "--against", "out")
    first = _run(root, *plan)
    still, one = [], []
    for turn in range(TURNS):
        still.append(_run(root, *plan))
        file = root / "combs" / "comb7" / "comb.yaml"
        file.write_text(tree.comb(7).replace("80ms", f"{90 + turn}ms"), encoding="utf-8")
        one.append(_run(root, *plan))
        file.write_text(tree.comb(7), encoding="utf-8")
        time.sleep(SETTLE)
        _run(root, *plan)
    return first, _median(still), _median(one)


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


def _table(rows: Sequence[tuple[Tree, Cost, Cost, Cost]]) -> str:
    today = datetime.now(tz=UTC).date()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = ["| combs | run | wall | CPU | memory |", "|---|---|---|---|---|"]
    for tree, *costs in rows:
        whose = f"{tree.combs:,}{', budgets of teams' if tree.has_budgets else ''}"
        for name, cost in zip(("the first", "nothing changed", "one changed"), costs, strict=True):
            lines.append(f"| {whose} | {name} | {cost.wall:.2f} s | {cost.cpu:.2f} s | {cost.memory:.0f} MB |")
    ratio = rows[1][3].cpu / rows[0][3].cpu
    lines.append(f"| | one changed: t(2n) / t(n) | | {ratio:.2f} | |")
    repeat = "\n\nRepeat: `.venv/bin/python benchmarks/plan.py --record`\n"
    head = f"# comb plan --all\n\n{today} · {machine} · medians of {TURNS} runs of whole processes\n\n"
    return head + "\n".join(lines) + repeat


if __name__ == "__main__":
    main()
