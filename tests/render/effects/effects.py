"""For each field of the example: what it changes in what is rendered."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from comb_compiler.diagnostics import Severity
from comb_compiler.render.manifest import Written
from comb_compiler.source import Path
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.platform import Platform
from tests.render.effects.rendering import Change, Outcome, base, changed, changes, example, outcome
from tests.render.effects.values import TOGETHER, WHERE, Changes, is_leaf, other_values, pattern
from tests.spec.fields import Field, Kind, walk

__all__ = ["MODELS", "Effect", "effects", "fields", "render_with"]

MODELS: Mapping[Written, type[BaseModel]] = {Written.COMB: Comb, Written.PLATFORM: Platform}


class Effect(NamedTuple):
    """A field with what changes when it does. `refused` are the codes where no other value is valid.

    `pattern` is its path without the names of entries.
    """

    written: Written
    path: Path
    pattern: str
    changes: tuple[Change, ...]
    refused: tuple[str, ...]


def fields(written: Written) -> Iterator[Field]:
    """Every place of the example."""
    return walk(MODELS[written], example()[written])


@cache
def effects() -> tuple[Effect, ...]:
    """Of every field that has a value, found by rendering the example once more for each."""
    return tuple(effect for written in MODELS for effect in _effects(written))


def _effects(written: Written) -> Iterator[Effect]:
    document = example()[written]
    kinds: dict[Path, Kind] = {(): Kind.MODEL}
    for field in fields(written):
        kinds[field.path] = field.kind
        value = _at(document, field.path)
        if is_leaf(field, value):
            yield _effect(written, field, pattern(field.path, kinds), value)


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def _effect(written: Written, field: Field, told: str, value: Any) -> Effect:
    refused: tuple[str, ...] = ()
    before = render_with(WHERE.get(told, ()))
    for other in other_values(field, told, value):
        if other == value:
            continue
        after = render_with((*WHERE.get(told, ()), (written, field.path, other), *TOGETHER.get(told, ())))
        if not after.refused:
            return Effect(written, field.path, told, tuple(changes(before, after)), ())
        refused = tuple(sorted({one.code.id for one in after.diagnostics if one.severity is Severity.ERROR}))
    return Effect(written, field.path, told, (), refused)


def render_with(changes_: Changes) -> Outcome:
    """The example with other values at some places."""
    if not changes_:
        return base()
    documents = example()
    for written, path, value in changes_:
        documents[written] = changed(documents[written], path, value)
    return outcome(documents)
