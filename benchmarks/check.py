"""What `comb check` costs: whole processes beside `import pydantic, yaml`, and CPU per comb in one process.

The bars (issue "Ground and first diagnostics"): a first run takes at most 3 × the import, a second with nothing changed
at most 1 ×; 1,000 distinct combs that share protos take at most 6 ms of CPU each, and twice as many at most 2.2 × that.
A first run has no verdict; what protoc made of the same .proto files is kept, as it is between combs and commits.
"""

import argparse
import compileall
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "frame-moderation"
RESULT = ROOT / "benchmarks" / "results" / "check.md"
COMB = Path(sys.executable).parent / "comb"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "comb_compiler", quiet=1)  # as an installation does
    with tempfile.TemporaryDirectory() as scratch:
        table = _table(Path(scratch), arguments.runs)
    print(table)
    if arguments.record:
        RESULT.write_text(table, encoding="utf-8")


def _table(scratch: Path, runs: int) -> str:
    peer, cold, warm = _processes(scratch, runs)
    one, two = _many(scratch, 1000)
    rows = [
        ("`python -c 'import pydantic, yaml'`", f"{peer * 1e3:.0f} ms", "1", ""),
        ("`comb check`, first run", f"{cold * 1e3:.0f} ms", f"{cold / peer:.2f} ×", "≤ 3 ×"),
        ("`comb check`, nothing changed", f"{warm * 1e3:.0f} ms", f"{warm / peer:.2f} ×", "≤ 1 ×"),
        ("1,000 combs in one process, CPU for each", f"{one * 1e3:.2f} ms", f"{one / peer:.3f} ×", "≤ 6 ms"),
        ("2,000 combs: t(2n) / t(n)", f"{two * 1e3:.2f} ms each", f"{2 * two / one:.2f}", "< 2.2"),
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    today = datetime.now(tz=UTC).date()
    head = f"# comb check\n\n{today} · {_machine()} · medians of {runs} interleaved runs of whole processes\n\n"
    repeat = "\n\nRepeat: `.venv/bin/python benchmarks/check.py --record`\n"
    return head + "\n".join(["| what | median | ratio | bar |", "|---|---|---|---|", *lines]) + _READING + repeat


_READING = """

A first run spends nine tenths of its time on what it loads: Python, pydantic, PyYAML, the models, which pydantic builds
anew in each process, and comb's own modules. Of the CPU of one comb among many, three tenths go into reading YAML
(libyaml's events as PyYAML hands them over, an object and two marks each, are two fifths of that), a quarter into
binding the comb and its variants, three tenths into the graph and its analyses, the rest into finding and reading
files.

Milliseconds hang on the host: where the imports took 100 to 160 ms, of the same class of machine, one comb of many took
6.2 to 7.2 ms of CPU. By valgrind it is 20 million instructions."""


def _processes(scratch: Path, runs: int) -> tuple[float, float, float]:
    """Median wall seconds of: the imports alone, a check without and one with a kept verdict."""
    checkout = scratch / "one"
    shutil.copytree(EXAMPLE, checkout)
    check = [str(COMB), "check", str(checkout / "comb.yaml")]
    environment = {**os.environ, "COMB_CACHE_DIR": str(scratch / "cache")}
    commands: list[tuple[list[str], bool]] = [
        ([sys.executable, "-c", "import pydantic, yaml"], False),
        (check, True),
        (check, False),
    ]
    times: list[list[float]] = [[], [], []]
    for run in range(runs + 1):
        for column, (command, forget) in enumerate(commands):
            if forget:
                shutil.rmtree(scratch / "cache" / "verdicts", ignore_errors=True)
            seconds = _seconds(command, environment)
            if run:
                times[column].append(seconds)
    peer, cold, warm = (statistics.median(column) for column in times)
    return peer, cold, warm


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def _many(scratch: Path, count: int) -> tuple[float, float]:
    """CPU seconds for each of `count` distinct combs that share protos, and for each of twice as many.

    They are checked in one process without a cache. The two take turns, so that what else the machine does meanwhile
    makes neither of them look faster.
    """
    sizes = (count, 2 * count)
    roots = [_combs(scratch / str(size), size) for size in sizes]
    turns = [[_in_one_process(root, size) for root, size in zip(roots, sizes, strict=True)] for _ in range(3)]
    one, two = (min(column) for column in zip(*turns, strict=True))
    return one, two


def _combs(root: Path, count: int) -> Path:
    """A checkout of so many combs."""
    text = (EXAMPLE / "comb.yaml").read_text(encoding="utf-8")
    for shared in ("protos", "rules"):
        shutil.copytree(EXAMPLE / shared, root / shared)
    for number in range(count):
        directory = root / "combs" / f"c{number}"
        directory.mkdir(parents=True)
        own = text.replace("name: frame-moderation", f"name: comb-{number}", 1)
        own = own.replace("protos/moderation.proto", "../../protos/moderation.proto")
        own = own.replace("rules/decision.json", "../../rules/decision.json")
        (directory / "comb.yaml").write_text(own, encoding="utf-8")
    return root


def _in_one_process(root: Path, count: int) -> float:
    check: Callable[[list[str]], int]
    from comb_compiler.cli import main as check

    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        kept = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = nowhere
        begin = time.process_time()
        try:
            code = check(["check", str(root), "--root", str(root), "--no-cache"])
        finally:
            sys.stdout, sys.stderr = kept
        spent = time.process_time() - begin
    if code != 0:
        raise SystemExit(f"the combs of the benchmark do not check: exit code {code}")
    return spent / count


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
