"""What files cost that are made to be expensive: CPU time and memory of a whole `comb check`, beside the imports.

The bar (issue "Ground and first diagnostics"): each gets its diagnostics within 1 s and 200 MB.
"""

import argparse
import compileall
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "hostile.md"
COMB = Path(sys.executable).parent / "comb"
HEAD = "apiVersion: comb.dev/v1\nkind: Comb\nmetadata: {name: hostile}\n"
INTERFACE = "interface: {proto: a.proto, method: a.v1.A/B}\n"
PROTO = 'syntax = "proto3";\npackage a.v1;\nmessage M {}\nservice A { rpc B(M) returns (M); }\n'


class Cost(NamedTuple):
    """What a process took: CPU seconds, and megabytes at its peak."""

    seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    parser.add_argument("--only", help="part of a case's name")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "comb_compiler", quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory() as scratch:
        table = _table(Path(scratch), arguments.runs, arguments.only or "")
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _table(scratch: Path, runs: int, only: str) -> str:
    imports = _best([sys.executable, "-c", "import pydantic, yaml"], runs, (0,))
    lines = [_row("`python -c 'import pydantic, yaml'`", imports, "")]
    (scratch / "a.proto").write_text(PROTO, encoding="utf-8")
    for name, make in CASES.items():
        if only in name:
            (scratch / "comb.yaml").write_text(make(), encoding="utf-8")
            cost = _best([str(COMB), "check", str(scratch / "comb.yaml"), "--no-cache"], runs, (1,))
            lines.append(_row(name, cost, "yes" if cost.seconds <= 1 and cost.megabytes <= 200 else "**no**"))
    today = datetime.now(tz=UTC).date()
    head = f"# Hostile files\n\n{today} · {_machine()} · the best of {runs} runs of whole processes\n\n"
    repeat = "\n\nRepeat: `.venv/bin/python benchmarks/hostile.py --record`\n"
    columns = "| file | CPU | peak memory | within 1 s and 200 MB |\n|---|---|---|---|\n"
    return head + columns + "\n".join(lines) + repeat


def _row(name: str, cost: Cost, kept: str) -> str:
    return f"| {name} | {cost.seconds:.2f} s | {cost.megabytes:.0f} MB | {kept} |"


def _best(command: list[str], runs: int, codes: tuple[int, ...]) -> Cost:
    costs = [_cost(command, codes) for _ in range(runs)]
    return Cost(min(cost.seconds for cost in costs), min(cost.megabytes for cost in costs))


def _cost(command: list[str], codes: tuple[int, ...]) -> Cost:
    """Of the process and of those that it waits for: protoc is one of them."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _five_megabytes() -> str:
    return HEAD + "# " + "x" * (5 * 1024 * 1024)


def _nested_brackets() -> str:
    return HEAD + "graph: " + "[" * 100_000


def _alias_bomb() -> str:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join([HEAD + "a0: &a0 [x, x, x, x, x, x, x, x, x]", *levels, ""])


def _long_line() -> str:
    return HEAD + "description: " + "x" * 1_000_000 + "\n"


def _unknown_operators() -> str:
    steps = "".join(f"  s{n}: op{n}(a=$request)\n" for n in range(20_000))
    operators = "operators:\n  known: {run: a:B, in: {a: a.v1.M}, out: a.v1.M}\n"
    return HEAD + INTERFACE + operators + "graph:\n" + steps + "  return: s1\n"


def _misspelt_fields() -> str:
    operators = "".join(f"  o{n}: {{rnu: a:B, otu: a.v1.M, timeuot: 1s}}\n" for n in range(8_000))
    return HEAD + INTERFACE + "operators:\n" + operators + "graph:\n  a: o1(a=$request)\n  return: a\n"


def _missing_artifacts() -> str:
    versions = "".join(f'      "1.{n}": {{artifact: models/m{n}.onnx}}\n' for n in range(20_000))
    models = "models:\n  m:\n    format: onnx\n    versions:\n" + versions
    operators = 'operators:\n  o: {run: a:B, model: "m@1.1", in: {a: a.v1.M}, out: a.v1.M}\n'
    return HEAD + INTERFACE + models + operators + "graph:\n  a: o(a=$request)\n  return: a\n"


CASES: dict[str, Callable[[], str]] = {
    "5 MB": _five_megabytes,
    "100,000 nested brackets": _nested_brackets,
    "an alias bomb": _alias_bomb,
    "a line of a million characters": _long_line,
    "20,000 steps that name unknown operators": _unknown_operators,
    "24,000 misspelt fields": _misspelt_fields,
    "20,000 artifacts that are missing": _missing_artifacts,
}


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
