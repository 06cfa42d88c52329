"""Ordinary requests, answered by a baseline twice and by a candidate → whether the candidate answers the same.

What differs between the baseline's two runs is noise (the idea is Diffy's, https://github.com/opendiffy/diffy). Noise
and change are counted for each field by itself, so that a noisy field neither blocks nor hides a break in another one.

A field's change is held against its own noise by McNemar's exact test. Where nothing was changed, the baseline's second
run and the candidate's stand in for each other in each request, so that of the requests in which just one of them
differs from the first run each half is as likely: the test is exact whatever the noise is. Whole answers are held
against theirs as well, since a change may be thin in each of many noisy fields. Tests are corrected for how many there
are and for how often one looks (Bonferroni); which fields those are depends on what the test takes as given alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from comb_compiler.gates.exact import (
    excess_by_chance,
    fewest,
    fewest_for,
    lower_bound,
    most_bad,
    smallest_excess,
    upper_bound,
)
from comb_compiler.gates.verdicts import Figure, Ruling, Verdict
from comb_compiler.gates.wording import percent

__all__ = ["BLOCK_DOUBT", "PASS_DOUBT", "FieldFinding", "Regular", "Trial", "looks"]

PASS_DOUBT = 0.05
"""How likely a change passes of which the true share of differing answers is just above what is allowed."""
BLOCK_DOUBT = 0.01
"""How likely a change is blocked that changes nothing."""
_FIRST_LOOK, _MOST_LOOKS = 32, 5


class Trial(NamedTuple):
    """One request: the fields that differ between the baseline's runs, and between its first and the candidate's.

    `silent` is with what both failed where an answer was to be had; empty where there is one to compare.
    """

    noise: frozenset[str]
    changed: frozenset[str]
    silent: str = ""


class FieldFinding(NamedTuple):
    """What was seen of a field.

    `chance` is how likely that much more change than noise is where nothing was changed; `doubt` how unlikely it has
    to be to count. `is_broken` is what blocks.
    """

    field: str
    noise: int
    changed: int
    of: int
    chance: float
    doubt: float
    is_broken: bool

    @property
    def is_noisy(self) -> bool:
        """Whether the baseline differed from itself."""
        return self.noise > 0

    @property
    def smallest(self) -> float:
        """The break that would have been seen with a probability of 90%, as a share of answers."""
        return smallest_excess(self.noise / self.of, self.of, self.doubt)


def looks(count: int) -> tuple[int, ...]:
    """After how many requests one looks: at each doubling, the last time at `count`."""
    found = [count]
    while found[-1] // 2 >= _FIRST_LOOK and len(found) < _MOST_LOOKS:
        found.append(found[-1] // 2)
    return tuple(reversed(found))


class Regular:
    """Trials as they come, and what is to be said of them.

    `allowed` is the share of answers that may differ; `count` how many requests there are to be. `detectable` is the
    smallest break that has to be seen in each field, however noisy it is.
    """

    def __init__(self, count: int, allowed: float, detectable: float | None = None) -> None:
        self._count = count
        self._allowed = allowed
        self._detectable = detectable
        self._looks = looks(count)
        self._trials: list[Trial] = []
        self._silent = Counter[str]()
        self._of = 0

    def add(self, trials: Iterable[Trial]) -> None:
        """Take in what came."""
        for trial in trials:
            self._of += 1
            self._silent.update([trial.silent] if trial.silent else [])
            if trial.noise or trial.changed:
                self._trials.append(trial)

    @property
    def next_look(self) -> int:
        """After how many requests to look next."""
        return next((one for one in self._looks if one > self._of), self._count)

    def fields(self) -> tuple[FieldFinding, ...]:
        """What is to be said of each field in which anything differed, the most broken first."""
        noise, changed, more, less = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        for trial in self._trials:
            noise.update(trial.noise)
            changed.update(trial.changed)
            more.update(trial.changed - trial.noise)
            less.update(trial.noise - trial.changed)
        doubt = self._doubt / max(1, self._tests)
        found = []
        for field in noise.keys() | changed.keys():
            chance = excess_by_chance(more[field], less[field])
            is_broken = chance <= doubt and more[field] - less[field] > self._allowed * self._of
            found.append(FieldFinding(field, noise[field], changed[field], self._of, chance, doubt, is_broken))
        return tuple(sorted(found, key=lambda one: (not one.is_broken, one.chance, one.field)))

    def _whole(self) -> str:
        """What is to be said of whole answers, where more differ than do of themselves; empty where that is not so.

        In each of several noisy fields there may be less change than can be seen, and in all of them together more.
        """
        noise, changed = (sum(1 for one in self._trials if one[side]) for side in (0, 1))
        more = sum(1 for one in self._trials if one.changed and not one.noise)
        chance = excess_by_chance(more, more - (changed - noise))
        if self._tests < 2 or changed - noise <= self._allowed * self._of or chance > self._doubt / self._tests:
            return ""
        return (
            f"{_share(changed, self._of)} of the answers differ, and {_share(noise, self._of)} of themselves; "
            f"{percent(self._allowed)} more may"
        )

    @property
    def _tests(self) -> int:
        """Of how many hypotheses one look has a test: of each field, and of whole answers where fields are several."""
        fields = len({field for one in self._trials for field in one.noise ^ one.changed})
        return fields + (fields > 1)

    @property
    def _doubt(self) -> float:
        """Of one look, and of one of the two ways to be blocked."""
        return BLOCK_DOUBT / 2 / len(self._looks)

    def ruling(self) -> Ruling:
        """What is to be said now: blocked at any look, passed only once all were asked. Raises ValueError of none."""
        if not self._of:
            raise ValueError("nothing was asked")
        fields = self.fields()
        quiet = frozenset(one.field for one in fields if not one.is_noisy)
        still = frozenset(one.field for one in fields if not one.changed)
        differing = sum(1 for trial in self._trials if trial.changed & quiet)
        noisy = sum(1 for trial in self._trials if trial.noise & still)
        lower = lower_bound(differing, self._of, self._doubt)
        # What neither answered might differ, for all that is known: it proves nothing for the change, nor against it.
        upper = upper_bound(min(self._of, differing + self._silent.total()), self._of, PASS_DOUBT)
        share = Figure("answers that differ", differing, self._of, lower, upper, PASS_DOUBT, self._allowed)
        broken = [_broken(one) for one in fields if one.is_broken]
        # Noise may be so thin, in so many fields, that some show it only here: then others do so in the baseline alone.
        if lower > self._allowed and excess_by_chance(differing, noisy) <= self._doubt:
            broken.insert(0, f"{_share(differing, self._of)} of the answers differ; {percent(self._allowed)} may")
        whole = "" if broken else self._whole()
        broken += [whole] if whole else []
        if broken:
            return Ruling(Verdict.BLOCKED, tuple(broken), (share,))
        return self._open(share, self._blind(fields))

    def _blind(self, fields: Sequence[FieldFinding]) -> list[FieldFinding]:
        """The fields in which too large a break could hide, that which hides the largest first."""
        most = 1.0 if self._detectable is None else self._detectable
        return sorted((one for one in fields if one.is_noisy and one.smallest > most), key=lambda one: -one.smallest)

    def _open(self, share: Figure, blind: Sequence[FieldFinding]) -> Ruling:
        """What is to be said where nothing is proven against the candidate."""
        why = []
        if self._of < self._count:
            why.append(f"{self._of:,} of {self._count:,} requests were asked")
        if share.upper > self._allowed and self._silent:
            share_of = _share(self._silent.total(), self._of)
            why.append(f"{share_of} were answered by neither ({', '.join(sorted(self._silent))}): nothing is compared")
        if share.upper > self._allowed:
            why.append(
                f"{_share(share.seen, share.of)} of the answers differ, which may be {percent(share.upper)} of all; "
                f"{percent(self._allowed)} may"
            )
        why += [self._hides(one) for one in blind]
        if why:
            return Ruling(Verdict.UNDECIDED, tuple(why), (share,), self._missing(share, blind))
        most = most_bad(self._of, self._allowed, PASS_DOUBT)
        proves = f"up to {most:,} prove that {percent(self._allowed)} do at most"
        said = f"{_share(share.seen, share.of)} of the answers differ; {proves}"
        return Ruling(Verdict.PASSED, (said,), (share,))

    def _hides(self, one: FieldFinding) -> str:
        assert self._detectable is not None
        return (
            f"`{one.field}` differs of itself in {_share(one.noise, one.of)}, so that only a break of "
            f"{percent(one.smallest)} would surely be seen; the platform wants {percent(self._detectable)} to be: "
            f"ask more requests, make it steadier, or have it compared by a rule of gates.compare"
        )

    def _missing(self, share: Figure, blind: Sequence[FieldFinding]) -> int | None:
        open_ones = min(share.of, share.seen + self._silent.total())
        wanted = [fewest(open_ones / share.of, self._allowed, PASS_DOUBT), self._count]
        at_most = len(self._looks) / _MOST_LOOKS  # of more requests more looks are taken, each with less doubt
        wanted += [fewest_for(one.noise / one.of, self._detectable or 1.0, one.doubt * at_most) for one in blind]
        return None if None in wanted else max(0, *(one - share.of for one in wanted if one is not None))


def _broken(one: FieldFinding) -> str:
    noise = f"; of itself it differs in {_share(one.noise, one.of)}" if one.is_noisy else ", and never of itself"
    return f"`{one.field}` differs in {_share(one.changed, one.of)}{noise}"


def _share(count: int, of: int) -> str:
    return f"{count:,} of {of:,} ({percent(count / of)})"
