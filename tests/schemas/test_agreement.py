"""The schemas and the models say the same of a file's form.

What binds, the schema accepts: an editor never complains of a good file. What is wrong with the form of a file, the
schema finds as well. Where they differ on purpose, `DIFFERENCES` says why; what no single field can tell (names that
must be declared elsewhere, rising steps, exactly one of several keys) is left out of the comparison.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft7Validator

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.spec.jsonschema import SCHEMAS
from tests.schemas.binding import findings_of_form, without_checks
from tests.schemas.instances import Path, Schema, at, changed, full_instance, places, schema_nodes


def validator(schema: Schema) -> Draft7Validator:
    """With patterns as JavaScript reads them: Python's `$` also stands before a last line feed."""
    copied = copy.deepcopy(schema)
    for _, node in schema_nodes(copied):
        if "pattern" in node:
            node["pattern"] = node["pattern"].removesuffix("$") + r"\Z"
    return Draft7Validator(copied)


WRITTEN = {name: write() for name, write in SCHEMAS.items()}
VALIDATORS = {name: validator(schema) for name, schema in WRITTEN.items()}
COMB, PLATFORM = full_instance(WRITTEN["comb"]), full_instance(WRITTEN["platform"])
PLAIN_ARM = {"key": COMB["experiment"]["key"], "arms": {"first": {"weight": 1}}}
BASE = COMB | {"environments": {}, "experiment": PLAIN_ARM}

ARM = ("experiment", "arms", "first", "set")
ENVIRONMENT = ("environments", "first")
FILES = {
    "comb": ("comb", BASE, ()),
    "arm": ("comb", COMB | {"environments": {}}, ARM),
    "environment": ("comb", COMB | {"experiment": PLAIN_ARM}, ENVIRONMENT),
    "platform": ("platform", PLATFORM, ()),
}
"""Files that use every key, and the part of each that is tried."""
every_file = pytest.mark.parametrize("file", FILES)

WRONG: tuple[Any, ...] = (None, True, -1, 2.5, "", "?!", [], {"a b": {}})


class Change(NamedTuple):
    """What was done to a file: `to` was put at `path`; a key that was taken away is `GONE`."""

    path: Path
    to: Any
    value: Any


GONE = object()


def changes(value: Any, path: Path) -> Iterator[Change]:
    """Everything that is tried at one place."""
    for wrong in WRONG:
        yield Change(path, wrong, changed(value, path, wrong))
    if isinstance(at(value, path), dict):
        yield Change((*path, "bogus"), "a", changed(value, (*path, "bogus"), "a"))
        yield Change((*path, "Bad Key"), {}, changed(value, (*path, "Bad Key"), {}))
    if path and isinstance(path[-1], str):
        others = {key: other for key, other in at(value, path[:-1]).items() if key != path[-1]}
        yield Change(path, GONE, changed(value, path[:-1], others))


class Difference(NamedTuple):
    """A reason why one of the two may be stricter."""

    why: str
    applies: Callable[[Change, tuple[Diagnostic, ...]], bool]


def _is_in_overlay(path: Path) -> bool:
    return path[: len(ENVIRONMENT)] == ENVIRONMENT or path[: len(ARM)] == ARM


def _holds_null(value: Any) -> bool:
    return any(at(value, path) is None for path in places(value))


def _are(found: tuple[Diagnostic, ...], *allowed: codes.Code) -> bool:
    return all(finding.code in allowed for finding in found)


BINDS_ONLY = (
    Difference(
        "`return` is asked for by the graph, which is built later",
        lambda change, found: change.path == ("graph", "return") and change.to is GONE,
    ),
    Difference(
        "null in an overlay that takes nothing away (of an unknown key, in an item of a list) is not seen when merging",
        lambda change, found: _is_in_overlay(change.path) and _holds_null(change.to),
    ),
)
"""What binds, and what the schema refuses nevertheless."""

FITS_SCHEMA_ONLY = (
    Difference(
        "draft 7 takes 1.0 for a whole number",
        lambda change, found: isinstance(change.to, float) and change.to.is_integer(),
    ),
    Difference(
        "how much is too much of a unit cannot be told by a pattern, nor how fine a number may be",
        lambda change, found: _are(found, codes.OUT_OF_RANGE, codes.BAD_CORES),
    ),
    Difference(
        "what an overlay leaves of what it is laid over, and whether there was any, is seen when it is laid over it",
        lambda change, found: (
            _is_in_overlay(change.path) and _are(found, codes.MISSING_KEY, codes.EMPTY_VALUE, codes.NOTHING_TO_REMOVE)
        ),
    ),
)
"""What the schema accepts, and what does not bind nevertheless."""


def disagreement(name: str, change: Change) -> str:
    """What one of the two says and the other does not; empty where they agree, or differ on purpose."""
    found = findings_of_form(name, change.value)
    if bool(found) != VALIDATORS[name].is_valid(change.value):
        return ""
    reasons = FITS_SCHEMA_ONLY if found else BINDS_ONLY
    if any(reason.applies(change, found) for reason in reasons):
        return ""
    said = [f"{finding.code.id} {finding.message}" for finding in found]
    said = said or [error.message for error in VALIDATORS[name].iter_errors(change.value)]
    return f"{change.path} := {change.to!r:.60}: only the {'models' if found else 'schema'}: {said[:3]}"


@pytest.fixture(autouse=True, scope="module")
def _form_only() -> Iterator[None]:
    with without_checks():
        yield


@every_file
def test_both_accept_a_file_that_uses_every_key(file: str) -> None:
    name, value, _ = FILES[file]
    assert [error.message for error in VALIDATORS[name].iter_errors(value)] == []
    assert findings_of_form(name, value) == ()


@every_file
@pytest.mark.slow
def test_both_find_the_same_wherever_a_file_is_wrong(file: str) -> None:
    name, value, part = FILES[file]
    tried = [change for path in places(at(value, part), part) if path for change in changes(value, path)]
    assert len(tried) > 500
    assert [text for change in tried if (text := disagreement(name, change))] == []


words = st.text(st.sampled_from("aZ0-_.:/@%$ ~é\n"), max_size=6)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), words)
values = st.recursive(
    scalars,
    lambda below: st.one_of(st.lists(below, max_size=2), st.dictionaries(words, below, max_size=2)),
    max_leaves=4,
)
"""Anything at all; the words are of what names, references and amounts are made of."""


@st.composite
def changed_files(draw: st.DrawFn) -> tuple[str, Change]:
    name, value, part = FILES[draw(st.sampled_from(sorted(FILES)))]
    path = draw(st.sampled_from([path for path in places(at(value, part), part) if path]))
    wrong = draw(values)
    return name, Change(path, wrong, changed(value, path, wrong))


@given(changed_files())
def test_both_find_the_same_whatever_is_written(changed_file: tuple[str, Change]) -> None:
    assert disagreement(*changed_file) == ""
