"""What protoc writes → complaints; what only follows from another complaint is none."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Complaint", "read_complaints", "without_echoes"]

_COMPLAINT = re.compile(r"(?P<name>.+?)(?::(?P<line>\d+):(?P<column>\d+))?: (?P<warning>warning: )?(?P<message>.+)")
_LOG = re.compile(r"(?:WARNING: All log messages before |[IWEF]\d{4} )")
_NO_SYNTAX = re.compile(r"No (?:edition or )?syntax specified for the proto file: (?P<name>.+?)\. Please use")
_IMPORT_FAILED = re.compile(r'Import ".*" was not found or had errors\.')
_UNRESOLVED = re.compile(r'".*" is not defined\.|".*" (?:seems|appears) to be defined in ')
_DEFINED_ALREADY = re.compile(r'"(?P<symbol>[^"]+)" is already defined')
_SAYS_WHY = re.compile(r'".*" must be unique within ')
_NO_TOKEN = re.compile(r"a character that is not ASCII|Multiline strings|End-of-file inside|Need space between")
_ADVICE = "Suggested field numbers for "


class Complaint(NamedTuple):
    """One line of protoc's: the file by its import name, the place from 0 (None where it names none), its own words."""

    name: str
    place: tuple[int, int] | None
    message: str
    is_warning: bool


def read_complaints(text: str, root: str) -> tuple[Complaint, ...]:
    """The complaints in what protoc wrote about files below the directory `root`, which ends in a separator."""
    return tuple(_read(text.replace(root, "")))


def _read(text: str) -> Iterator[Complaint]:
    for line in text.split("\n"):
        untyped = _NO_SYNTAX.search(line)
        if untyped is not None:
            message = 'there is no `syntax = "…"` or `edition = "…"`: the file is read as proto2'
            yield Complaint(untyped["name"], (0, 0), message, True)
        match = _COMPLAINT.fullmatch(line) if _LOG.match(line) is None else None
        if match is not None:
            place = (int(match["line"]) - 1, int(match["column"]) - 1) if match["line"] else None
            yield Complaint(match["name"], place, _plain(match["message"]), match["warning"] is not None)


def _plain(message: str) -> str:
    """A sentence of protoc's, without what its readers need not know."""
    if message.startswith("Interpreting non ascii codepoint"):
        return "a character that is not ASCII stands outside of texts and comments"
    return message.partition("Therefore, ")[2] or message if message.startswith("Note that enum values") else message


def without_echoes(complaints: Sequence[Complaint], imports: Mapping[str, Sequence[str]]) -> tuple[Complaint, ...]:
    """The complaints without those that mending the others mends too. `imports` are those of each file.

    That an import has errors is one, and so is that a name is not defined in a file above one with errors, or a field
    whose message is defined twice. With errors nothing is said of what is only to be warned of.
    """
    errors = [one for one in complaints if not one.is_warning]
    if not errors:
        return tuple(complaints)
    mistakes = [one for one in errors if not _IMPORT_FAILED.match(one.message) and not one.message.startswith(_ADVICE)]
    wrong = {one.name for one in mistakes}
    twice = {match["symbol"] for one in mistakes if (match := _DEFINED_ALREADY.match(one.message))}
    kept = [one for one in mistakes if not _is_unresolved(one, wrong, imports) and not _is_inner(one, twice)]
    return tuple(_first_of_each(kept or errors))


def _first_of_each(complaints: Sequence[Complaint]) -> list[Complaint]:
    """Of what is said about one place what was said first; nothing about a file behind what is no token at all."""
    found: dict[object, Complaint] = {}
    lost: set[str] = set()
    for one in complaints:
        key = one if one.place is None else (one.name, one.place)
        if one.name not in lost and (key not in found or _SAYS_WHY.match(one.message)):
            found[key] = one
        if _NO_TOKEN.match(one.message):
            lost.add(one.name)
    return list(found.values())


def _is_unresolved(complaint: Complaint, wrong: set[str], imports: Mapping[str, Sequence[str]]) -> bool:
    """Whether a name is missing that a file with errors may declare."""
    if not _UNRESOLVED.match(complaint.message):
        return False
    seen: set[str] = set()
    pending = [*imports.get(complaint.name, ())]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending += imports.get(name, ())
    return not wrong.isdisjoint(seen)


def _is_inner(complaint: Complaint, twice: set[str]) -> bool:
    """Whether a name is defined twice because what it belongs to is."""
    match = _DEFINED_ALREADY.match(complaint.message)
    return match is not None and match["symbol"].rpartition(".")[0] in twice
