"""What was seen under load, as a table for a terminal."""

from collections.abc import Iterator

from comb_compiler.cli.tables import table
from comb_compiler.gates.load.results import LoadFound, SideFound
from comb_compiler.gates.load.saturation import saturation_line

__all__ = ["load_lines"]

_NAMES = ("p50", "p95", "p99")
_NUMBERS = ("asked", *_NAMES, "failed", "CPU", "memory")


def load_lines(load: LoadFound) -> Iterator[str]:
    """Both sides of each step, in columns that fit into 80; what they prove is said elsewhere.

    CPU is that of a request, and what failed is what was answered with another code than OK, or not at all.
    """
    rows = list[list[str]]()
    for step in load.steps:
        rows.append([f"{step.rate:g}/s", "candidate" if step.held else "candidate, turns", *_side(step.candidate)])
        if step.baseline is not None:
            rows.append(["", "baseline, turns", *_side(step.baseline)])
    if rows:
        yield from (f"  {line}" for line in table(("rate", "", *_NUMBERS), rows, _NUMBERS).split("\n"))
    if load.saturation is not None:
        yield f"  {saturation_line(load.saturation)}"
    yield f"  on {load.machine}"


def _side(side: SideFound) -> Iterator[str]:
    yield f"{side.requests:,}"
    yield from (_told(side.latencies.get(name)) for name in _NAMES)
    yield f"{side.requests - side.codes.get('OK', 0):,}"
    yield _told(side.cpu)
    yield "–" if side.memory is None else f"{side.memory / 1e6:,.0f} MB"


def _told(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.2g} ms"
