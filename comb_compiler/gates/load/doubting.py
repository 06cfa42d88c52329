"""What a step proves where the generator was late itself: latencies, and what ran out of time, count from when requests
were due."""

from comb_compiler.gates.load.judging import Finding
from comb_compiler.gates.load.seen import TIMEOUTS, Side
from comb_compiler.gates.verdicts import Verdict

__all__ = ["doubted"]

_HANGS, _OWN = ("promise", "saturation", "history"), ("errors", "memory")
"""What hangs on a machine that is not busy, and what of that is the target's whatever else the machine does."""
_LATE = 0.1
"""The share of its time that a request may be sent late by, and what becomes of it is still the target's doing."""


def doubted(finding: Finding, held: Side | None, timeout: float) -> Finding:
    """A finding about a side that was held while the generator was late, undecided where it may be to blame.

    `timeout` is after how many seconds each request was given up on. Errors are the target's. So is what ran out of
    time, unless most of that had been sent late; and so is memory. How two sides compare is not doubted: it was late to
    both by turns.
    """
    if finding.verdict is not Verdict.BLOCKED or finding.aspect not in _HANGS or finding.what in _OWN:
        return finding
    if finding.what == "timeouts" and not (held is not None and _is_own(held, timeout)):
        return finding
    return finding._replace(verdict=Verdict.UNDECIDED, why=f"{finding.why}; but the generator was late itself")


def _is_own(held: Side, timeout: float) -> bool:
    over = [late for turn in held.turns for late, code in zip(turn.late, turn.codes, strict=False) if code in TIMEOUTS]
    return 2 * sum(late > _LATE * timeout for late in over) > len(over)
