"""What a gate can say."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Figure", "Ruling", "Verdict", "of_all"]


class Verdict(StrEnum):
    """What becomes of a change. All but the first and the last keep it from shipping."""

    PASSED = "passed"
    BLOCKED = "blocked"
    """It is proven that the change does not keep what is asked."""
    UNDECIDED = "undecided"
    """Neither is proven."""
    NOT_APPLICABLE = "not applicable"

    @property
    def lets_through(self) -> bool:
        """Whether a change may ship, as far as this is concerned."""
        return self in (Verdict.PASSED, Verdict.NOT_APPLICABLE)


class Figure(NamedTuple):
    """A share that was seen, and between which bounds the true one is: each bound is wrong at most by `doubt`.

    `limit` is what is asked of it: the most that it may be, or the least that it has to be.
    """

    what: str
    seen: int
    of: int
    lower: float
    upper: float
    doubt: float
    limit: float


class Ruling(NamedTuple):
    """A verdict and why; the figures that it rests on; how many samples more would decide it, where that is known."""

    verdict: Verdict
    why: tuple[str, ...]
    figures: tuple[Figure, ...] = ()
    missing: int | None = None


def of_all(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict of several: the gravest."""
    for one in (Verdict.BLOCKED, Verdict.UNDECIDED, Verdict.PASSED):
        if one in verdicts:
            return one
    return Verdict.NOT_APPLICABLE
