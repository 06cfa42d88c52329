"""Services of known behaviour, as trials of a `regular` replay: no process, only chance with a fixed seed."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from comb_compiler.gates.marked import Graded, optimised_ruling
from comb_compiler.gates.regular import Regular, Trial
from comb_compiler.gates.verdicts import Verdict

__all__ = ["Field", "claims", "replays"]


class Field(NamedTuple):
    """A field: the rate at which it differs of itself, and by how much more often the candidate's does."""

    noise: float = 0.0
    broken: float = 0.0


def replays(fields: Mapping[str, Field], trials: int, *, count: int = 3000, allowed: float = 0.005) -> Counter[Verdict]:
    """How often each verdict came, of so many replays."""
    return Counter(_replay(Random(seed), fields, count, allowed) for seed in range(trials))


def _replay(random: Random, fields: Mapping[str, Field], count: int, allowed: float) -> Verdict:
    judge, done = Regular(count, allowed), 0
    while done < count:
        until = judge.next_look
        judge.add(_trial(random, fields) for _ in range(until - done))
        done = until
        ruling = judge.ruling()
        if ruling.verdict is Verdict.BLOCKED:
            break
    return ruling.verdict


def _trial(random: Random, fields: Mapping[str, Field]) -> Trial:
    """The baseline's first answer is what the others are compared with; each differs from it by its own chance."""
    noise = frozenset(name for name, field in fields.items() if field.noise and random.random() < field.noise)
    changed = (name for name, field in fields.items() if any(field) and random.random() < field.noise + field.broken)
    return Trial(noise, frozenset(changed))


def claims(true: float, trials: int, *, count: int, claimed: float = 0.6) -> Counter[Verdict]:
    """How often each verdict came of samples that are better with a true rate."""
    return Counter(_claim(Random(seed), true, count, claimed) for seed in range(trials))


def _claim(random: Random, true: float, count: int, claimed: float) -> Verdict:
    graded = [Graded(str(number), was_right=False, is_right=random.random() < true) for number in range(count)]
    return optimised_ruling(graded, claimed).verdict
