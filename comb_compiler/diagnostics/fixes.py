"""Texts and fixes → repaired texts.

Fixes that touch each other were thought out one without the other, so only the first of them is applied; whoever wants
all of them checks the new text and applies what is then proposed, until nothing is left.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from comb_compiler.diagnostics.lines import Lines
from comb_compiler.diagnostics.model import Edit, Fix

__all__ = ["Repair", "Repairs", "apply_fixes", "repair_files"]


class Repair(NamedTuple):
    """A repaired text, and which fixes made it what it is; `skipped` ones overlap those, or do not fit the text."""

    text: str
    applied: tuple[Fix, ...]
    skipped: tuple[Fix, ...]


class Repairs(NamedTuple):
    """The same for several files: only those texts that changed."""

    texts: Mapping[str, str]
    applied: tuple[Fix, ...]
    skipped: tuple[Fix, ...]


_HERE = ""
"""The name of the only text."""


class _Splice(NamedTuple):
    """An edit by offsets."""

    start: int
    end: int
    text: str


class _Reach(NamedTuple):
    """From the first to the last offset that a fix touches in one file."""

    file: str
    start: int
    end: int


_Identity = tuple[tuple[str, tuple[_Splice, ...]], ...]
"""All that a fix does."""


class _Candidate(NamedTuple):
    fix: Fix
    splices: Mapping[str, tuple[_Splice, ...]]

    @property
    def identity(self) -> _Identity:
        """Equal for fixes that do the same, whatever they are called."""
        return tuple(self.splices.items())

    @property
    def reaches(self) -> tuple[_Reach, ...]:
        """Where the fix lies, in reading order."""
        return tuple(_Reach(file, edits[0].start, edits[-1].end) for file, edits in self.splices.items())


def apply_fixes(text: str, fixes: Iterable[Fix]) -> Repair:
    """Apply `fixes` of one file to its text, whatever their applicability; which are wanted is the caller's choice.

    The first in reading order wins where fixes overlap or touch; equal fixes count as one. Text is put in exactly as
    the edit has it: line breaks are not adapted. Never raises: a fix is skipped when it names a place that `text` has
    not, edits several files, or has edits that overlap each other.
    """
    repairs = _repair({_HERE: text}, [(fix, _moved_here(fix)) for fix in fixes])
    return Repair(repairs.texts.get(_HERE, text), repairs.applied, repairs.skipped)


def repair_files(texts: Mapping[str, str], fixes: Iterable[Fix]) -> Repairs:
    """The same over several files, by the file that each edit names; a fix is applied in all its files or in none."""
    return _repair(texts, [(fix, fix) for fix in fixes])


def _moved_here(fix: Fix) -> Fix:
    """`fix` for the one nameless text; one that edits several files stays theirs, so that it fits nothing here."""
    if len({edit.span.file for edit in fix.edits}) > 1:
        return fix
    return fix._replace(edits=tuple(Edit(edit.span._replace(file=_HERE), edit.text) for edit in fix.edits))


def _repair(texts: Mapping[str, str], fixes: Iterable[tuple[Fix, Fix]]) -> Repairs:
    """`fixes` are pairs: as it was given, and as it is meant for `texts`."""
    lines = {file: Lines(text) for file, text in texts.items()}
    found: list[_Candidate] = []
    skipped: list[Fix] = []
    for given, meant in fixes:
        candidate = _candidate(given, meant, lines)
        if candidate is None:
            skipped.append(given)
        else:
            found.append(candidate)
    chosen, applied, overlapping = _choose(found)
    changed = {file: _spliced(texts[file], splices) for file, splices in _by_file(chosen).items()}
    return Repairs(changed, tuple(applied), tuple(skipped + overlapping))


def _candidate(given: Fix, meant: Fix, lines: Mapping[str, Lines]) -> _Candidate | None:
    """The fix by offsets, or None when it does not fit the texts."""
    splices: dict[str, list[_Splice]] = {}
    for edit in meant.edits:
        known = lines.get(edit.span.file)
        start, end = (known.offset(edit.span.start), known.offset(edit.span.end)) if known else (None, None)
        if start is None or end is None or end < start:
            return None
        splices.setdefault(edit.span.file, []).append(_Splice(start, end, edit.text))
    ordered = {file: tuple(sorted(splices[file], key=lambda splice: splice[:2])) for file in sorted(splices)}
    overlaps = any(_overlap(group) for group in ordered.values())
    return None if overlaps or not ordered else _Candidate(given, ordered)


def _overlap(splices: tuple[_Splice, ...]) -> bool:
    """Whether two edits of one fix cover the same text, or insert at the same place, where their order would matter."""
    return any(later.start < earlier.end or earlier[:2] == later[:2] for earlier, later in pairwise(splices))


def _choose(candidates: list[_Candidate]) -> tuple[list[_Candidate], list[Fix], list[Fix]]:
    """What is applied, the fixes that thereby are, and the fixes that must wait."""
    chosen: list[_Candidate] = []
    applied: list[Fix] = []
    skipped: list[Fix] = []
    done: set[_Identity] = set()
    taken: dict[str, list[tuple[int, int]]] = {}
    for candidate in sorted(candidates, key=lambda candidate: (candidate.reaches, candidate.identity)):
        identity = candidate.identity
        if identity in done:
            applied.append(candidate.fix)
        elif any(_touches(taken.get(reach.file, ()), reach) for reach in candidate.reaches):
            skipped.append(candidate.fix)
        else:
            done.add(identity)
            for reach in candidate.reaches:
                insort(taken.setdefault(reach.file, []), (reach.start, reach.end))
            chosen.append(candidate)
            applied.append(candidate.fix)
    return chosen, applied, skipped


def _touches(taken: Sequence[tuple[int, int]], reach: _Reach) -> bool:
    """Whether `reach` overlaps or meets one of the ranges, which are in order and do not meet each other."""
    after = bisect_left(taken, (reach.start, reach.end))
    is_met_before = after > 0 and taken[after - 1][1] >= reach.start
    return is_met_before or (after < len(taken) and taken[after][0] <= reach.end)


def _by_file(chosen: Iterable[_Candidate]) -> dict[str, list[_Splice]]:
    splices: dict[str, list[_Splice]] = {}
    for candidate in chosen:
        for file, edits in candidate.splices.items():
            splices.setdefault(file, []).extend(edits)
    return splices


def _spliced(text: str, splices: Iterable[_Splice]) -> str:
    pieces: list[str] = []
    at = 0
    for splice in sorted(splices):
        pieces += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join([*pieces, text[at:]])
