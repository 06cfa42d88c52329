"""What would gain most, for a terminal."""

from collections.abc import Iterator

from comb_compiler.gates.load.guide import Guide
from comb_compiler.gates.load.guide.wording import bounded_by, costing, gained, written

__all__ = ["guide_lines"]

_MOST = 3


def guide_lines(guide: Guide, where: str = "in the report (--report DIR)") -> Iterator[str]:
    """What bounds the path, what it costs, and the first pieces of advice; `where` the others are."""
    if guide.bound is not None:
        yield f"  {bounded_by(guide.bound)}"
    if costing(guide.cost):
        yield f"  {costing(guide.cost)}"
    for number, one in enumerate(guide.advice[:_MOST], 1):
        yield f"  {number}. {one.says}"
        yield f"     write `{'`, `'.join(written(write) for write in one.writes)}`: it {gained(one.gain)}"
    if len(guide.advice) > _MOST:
        yield f"  … and {len(guide.advice) - _MOST} more {where}"
