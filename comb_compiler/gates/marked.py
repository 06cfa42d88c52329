"""Samples of which it is known what is right, answered by a baseline and by a candidate → what the candidate mends.

`error`: marked errors, by counts: a ratchet. `optimised`: samples that a change claims to improve, by share.
"""

from collections.abc import Sequence
from typing import NamedTuple

from comb_compiler.gates.exact import lower_bound, upper_bound
from comb_compiler.gates.verdicts import Figure, Ruling, Verdict
from comb_compiler.gates.wording import listed, percent

__all__ = ["Graded", "errors_ruling", "optimised_ruling"]

_DOUBT = 0.05


class Graded(NamedTuple):
    """A sample; whether the baseline answers it right, None without one; and whether the candidate does.

    The baseline is asked twice: an error is right before where it is both times, and for a claim where it is once.
    """

    name: str
    was_right: bool | None
    is_right: bool


def errors_ruling(graded: Sequence[Graded]) -> Ruling:
    """Whether at least as many are right as before, and none of those that were is wrong now.

    Without a baseline nothing was right before. Nothing at all to ask is undecided.
    """
    if not graded:
        return Ruling(Verdict.UNDECIDED, ("there are no samples",))
    broken = [one.name for one in graded if one.was_right and not one.is_right]
    fixed = [one.name for one in graded if one.is_right and not one.was_right]
    right, before = sum(one.is_right for one in graded), sum(bool(one.was_right) for one in graded)
    said = f"{right:,} of {len(graded):,} are right" + (
        "" if graded[0].was_right is None else f", {before:,} were before"
    )
    mended = (f"fixed: {listed(fixed)}",) if fixed else ()
    if broken:
        return Ruling(Verdict.BLOCKED, (f"broken, though the baseline has them right: {listed(broken)}", said, *mended))
    return Ruling(Verdict.PASSED, (said, *mended))


def optimised_ruling(graded: Sequence[Graded], wanted: float) -> Ruling:
    """Whether the share of samples that are better is `wanted` at least: wrong before, and right now.

    A sample that was right already cannot be better, and counts as none that is. Where more are broken than are better,
    it is worse, whatever the share.
    """
    if not graded:
        return Ruling(Verdict.UNDECIDED, ("there are no samples",))
    better = sum(1 for one in graded if one.is_right and not one.was_right)
    broken = [one.name for one in graded if one.was_right and not one.is_right]
    of = len(graded)
    lower, upper = lower_bound(better, of, _DOUBT), upper_bound(better, of, _DOUBT)
    figure = Figure("samples that are better", better, of, lower, upper, _DOUBT, wanted)
    if len(broken) > better:
        said = f"{better:,} of {of:,} are better, and {len(broken):,} are broken: {listed(broken)}"
        return Ruling(Verdict.BLOCKED, (said,), (figure,))
    seen = f"{better:,} of {of:,} are better ({percent(better / of)}), so that of all it is"
    if lower >= wanted:
        return Ruling(Verdict.PASSED, (f"{seen} {percent(lower)} at least; {percent(wanted)} was claimed",), (figure,))
    if upper < wanted:
        said = f"{seen} {percent(upper)} at most; {percent(wanted)} was claimed"
        return Ruling(Verdict.BLOCKED, (said,), (figure,))
    said = f"{seen} between {percent(lower)} and {percent(upper)}; {percent(wanted)} was claimed"
    return Ruling(Verdict.UNDECIDED, (said,), (figure,), _missing(better, of, wanted))


def _missing(better: int, of: int, wanted: float) -> int | None:
    """How many samples more decide it, if as large a share of them is better."""
    rate, most = better / of, of
    if rate <= wanted:
        return None
    while lower_bound(int(rate * most), most, _DOUBT) < wanted:
        most += max(1, most // 50)
    return most - of
