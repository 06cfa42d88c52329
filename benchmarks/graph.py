"""What it costs to prove a graph: large graphs, and experiments with many arms.

The bars (issue "The proven graph"): 5,000 operators are analysed in at most 2 s, in linear time; hundreds of arms
and environments do not multiply the work for what they do not touch. CPU seconds of one process; the peer is networkx,
which orders the same graph, finds its cycles and its longest path, and knows nothing of files, types and places.
"""

import argparse
import gc
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import networkx as nx

from comb_compiler.compiler import Checked, check
from comb_compiler.graph import View
from comb_compiler.graph.analyses import ANALYSES
from comb_compiler.graph.build import build_graph
from comb_compiler.source import SourceSet
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from comb_compiler.workspace.store import ResultStore

RESULT = Path(__file__).parent / "results" / "graph.md"
PROTO = """syntax = "proto3";
package a.v1;
service S { rpc M(Req) returns (T); }
message Req { T t = 1; bool flag = 2; uint32 width = 3; }
message T { string s = 1; }
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    gc.set_threshold(50_000, 20, 20)  # as the command does
    with tempfile.TemporaryDirectory() as scratch:
        table = _table(Path(scratch), arguments.runs)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _table(scratch: Path, runs: int) -> str:
    memo = ResultStore(str(scratch / "memo"))
    lines = [
        "| operators | analysed | bound and analysed | networkx | analysed / networkx |",
        "|---|---|---|---|---|",
    ]
    seconds: dict[int, float] = {}
    for count in (625, 1250, 2500, 5000):
        sources = _sources(scratch / str(count), count, 0, 0, memo)
        analysed, whole, peer = _figures(sources, runs, memo)
        seconds[count] = analysed
        row = (f"{count:,}", f"{analysed:.2f} s", f"{whole:.2f} s", f"{peer:.3f} s", f"{analysed / peer:.1f} ×")
        lines.append(f"| {' | '.join(row)} |")
    lines += [
        "",
        f"5,000 against 2,500 operators: {seconds[5000] / seconds[2500]:.2f} × (bar: 2.2); bar for 5,000: 2 s.",
    ]
    lines += ["", "| 1,000 operators with | checked | for each variant | of one comb |", "|---|---|---|---|"]
    alone = 0.0
    for arms, environments, change in _VARIANTS:
        sources = _sources(scratch / f"{arms}-{environments}-{change}", 1000, arms, environments, memo, change)
        whole = _median(lambda sources=sources: check(sources, memo=memo), runs)
        alone = alone or whole
        each = (whole - alone) / (arms + environments) if arms else 0.0
        row = (
            f"{arms} arms{_CHANGES[change]}, {environments} environments",
            f"{whole:.2f} s",
            f"{each * 1e3:.1f} ms",
            f"{each / alone:.1%}",
        )
        lines.append(f"| {' | '.join(row)} |")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    today = datetime.now(tz=UTC).date()
    head = f"# Proving graphs\n\n{today} · {machine} · CPU, medians of {runs} runs in one process\n\n"
    return head + "\n".join(lines) + "\n\nRepeat: `.venv/bin/python benchmarks/graph.py --record`\n"


def _figures(sources: SourceSet, runs: int, memo: ResultStore) -> tuple[float, float, float]:
    """Seconds to build and analyse the graph, to check it altogether, and for networkx to walk it."""
    checked = check(sources, memo=memo)
    assert checked.diagnostics == (), checked.diagnostics[:3]
    whole = _median(lambda: check(sources, memo=memo), runs)
    return _median(lambda: _analyse(checked, sources, memo), runs), whole, _median(lambda: _walk(checked), runs)


def _analyse(checked: Checked, sources: SourceSet, memo: ResultStore) -> None:
    assert checked.comb is not None
    assert sources.protos is not None
    graph, found = build_graph(checked.comb.base, sources.protos.schema)
    view = View(checked.comb.base, graph, sources.protos, memo)
    assert [*found, *(one for analysis in ANALYSES for one in analysis(view))] == []


def _walk(checked: Checked) -> None:
    assert checked.graph is not None
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, step in checked.graph.steps.items():
        graph.add_edges_from((source, name, {"weight": 1}) for source in step.waits_for)
    assert nx.is_directed_acyclic_graph(graph)
    list(nx.topological_generations(graph))
    nx.dag_longest_path(graph)
    nx.ancestors(graph, checked.graph.answer)


def _median(work: Callable[[], object], runs: int) -> float:
    times = []
    for run in range(runs + 1):
        begin = time.process_time()
        work()
        if run:
            times.append(time.process_time() - begin)
    return statistics.median(times)


_CHANGES = {"": "", "model": " with another model", "step": " with another step", "new": " with a step more"}
_VARIANTS = ((0, 0, ""), (100, 0, "model"), (500, 0, "model"), (500, 20, "model"), (500, 20, "step"), (500, 20, "new"))


def _sources(
    directory: Path, count: int, arms: int, environments: int, memo: ResultStore, change: str = ""
) -> SourceSet:
    """A comb whose steps each use the one before and another one; every tenth has one of four conditions.

    Each arm changes one thing: the model of an operator, the operator of a step, or a step that goes between two.
    """
    directory.mkdir()
    seed = random.Random(1)
    (directory / "a.proto").write_text(PROTO)
    (directory / "a.bin").write_bytes(b"")
    version = f"{{artifact: a.bin, sha256: {'a' * 64}}}"
    lines = ["apiVersion: comb.dev/v1", "kind: Comb", "metadata: {name: big}"]
    lines += ["interface: {proto: a.proto, method: a.v1.S/M}"]
    versions = f'"1": {version}' + (f', "2": {version}' if change == "model" else "")
    lines += [f"models: {{m: {{versions: {{{versions}}}}}}}", "operators:"]
    ports = "{x: a.v1.T, other: {type: a.v1.T, optional: true}}"
    for n in range(count):
        lines.append(f'  o{n}: {{run: "m.a:O", model: m@1, in: {ports}, out: a.v1.T, timeout: 1ms}}')
    lines.append("graph:")
    conditions = ("request.flag", "!request.flag", "request.width > 10u", "request.width <= 10u && request.flag")
    for n in range(count):
        # A step that may be skipped is taken by an optional port alone.
        x = "$request.t" if n == 0 else f"s{n - 1 if (n - 1) % 10 != 3 else n - 2}"
        other = "$request.t" if n == 0 else f"s{n - 1 if n % 10 == 4 else seed.randrange(max(0, n - 50), n)}"
        when = f', when: "{conditions[n // 10 % 4]}"' if n % 10 == 3 else ""
        lines.append(f'  s{n}: {{call: "o{n}(x={x}, other={other})"{when}}}')
    lines += [f"  return: s{count - 1}", "sla: {deadline: 100s}"]
    if arms:
        lines += ["experiment:", "  key: header/x", "  arms:"]
        lines += [f"    a{n}: {{weight: 1, set: {{{_change(change, n, lines)}}}}}" for n in range(arms)]
    if environments:
        lines += ["environments:", *(f"  e{n}: {{recording: {{sample: 5%}}}}" for n in range(environments))]
    (directory / "comb.yaml").write_text("\n".join(lines) + "\n")
    return load_sources(Checkout(directory), "comb.yaml", memo)


def _change(change: str, number: int, lines: list[str]) -> str:
    """What an arm sets: about a step without a condition."""
    step = number + 2 if number % 10 in (3, 4) else number
    if change == "model":
        return f"operators: {{o{number}: {{model: m@2}}}}"
    call = next(line for line in lines if line.startswith(f"  s{step}: ")).split('"')[1]
    if change == "step":
        other = call.replace(f"o{step}(", f"o{step + 1}(")
        return f'graph: {{s{step}: "{other}"}}'
    source = call.partition("x=")[2].partition(",")[0]
    between = call.replace(f"x={source},", "x=more,")
    return f'graph: {{more: "o{step}(x={source})", s{step}: "{between}"}}'


if __name__ == "__main__":
    main()
