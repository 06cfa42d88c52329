"""What was seen under load, as a table for a terminal."""

from collections.abc import Iterator

from comb_compiler.gates.load.results import LoadFound, SideFound
from comb_compiler.gates.load.saturation import saturation_line

__all__ = ["load_lines"]

_NAMES = ("p50", "p95", "p99")
_COLUMNS = (8, 18, 10, 11, 11, 11, 11, 11, 10)


def load_lines(load: LoadFound) -> Iterator[str]:
    """Both sides of each step, in columns; what they prove is said elsewhere."""
    yield _row("a second", "", "requests", *_NAMES, "no answer", "CPU each", "memory")
    for step in load.steps:
        yield _row(f"{step.rate:g}", "candidate" if step.held else "candidate, turns", *_side(step.candidate))
        if step.baseline is not None:
            yield _row("", "baseline, turns", *_side(step.baseline))
    if load.saturation is not None:
        yield f"  {saturation_line(load.saturation)}"
    yield f"  on {load.machine}"


def _side(side: SideFound) -> Iterator[str]:
    yield f"{side.requests:,}"
    yield from (_milliseconds(side.latencies.get(name)) for name in _NAMES)
    yield f"{side.requests - side.codes.get('OK', 0):,}"
    yield _milliseconds(side.cpu)
    yield "–" if side.memory is None else f"{side.memory / 1e6:,.0f} MB"


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.3g} ms"


def _row(rate: str, who: str, *values: str) -> str:
    cells = [rate.rjust(_COLUMNS[0]), f" {who}".ljust(_COLUMNS[1])]
    cells += [value.rjust(width) for value, width in zip(values, _COLUMNS[2:], strict=True)]
    return "  " + "".join(cells).rstrip()
