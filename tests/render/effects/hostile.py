"""Strings that mean something to whoever reads manifests after us, and the fields that they are put into."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic_core import PydanticCustomError

from comb_compiler.render.manifest import Written
from comb_compiler.source import Path
from tests.render.effects.effects import MODELS, fields
from tests.render.effects.rendering import example
from tests.render.effects.values import is_leaf, pattern
from tests.spec.fields import Kind

__all__ = ["ENDINGS", "HOSTILE", "Place", "accepted", "places"]

HOSTILE: Mapping[str, str] = {
    "yaml": "a: b # c\n- &x *y !!python/object {[ ~",
    "document": "a\n---\nkind: Secret\n...\n",
    "shell": 'a\'; $(reboot) `id` "$HOME" | & > < \\',
    "variable": "$(COMB_RELEASE) $$(HOME) $HOME",
    "substitution": "${HOME} ${HOME:=a} $${HOME} ${HOME//a/b}",
    "template": "{{ .Values.x }} {% raw %} {{`{{`}} <<.Series>> <%= x %>",
    "promql": 'x"} or vector(1) # \\',
    "cel": "' || true || '\\",
    "patch": "$patch: delete",
    "tongues": "é 日本語 😀 \u202e",
    "boolean": "yes",
    "number": "0x1F",
}
ENDINGS = ("$(COMB_RELEASE)", "${HOME}", "{{x}}", "'\"\\", "/$patch", "é")
"""For what must have a form: put behind a value of that form."""


class Place(NamedTuple):
    """A string of the example. `reader` is what tells its form, if it has one."""

    written: Written
    path: Path
    pattern: str
    value: str
    reader: Any


def places() -> Iterator[Place]:
    """Every string of both files."""
    for written in MODELS:
        document = example()[written]
        kinds: dict[Path, Kind] = {(): Kind.MODEL}
        for field in fields(written):
            kinds[field.path] = field.kind
            value = _at(document, field.path)
            if is_leaf(field, value) and isinstance(value, str):
                yield Place(written, field.path, pattern(field.path, kinds), value, field.reader)
            elif field.kind is Kind.ANYTHING and isinstance(value, list | dict):
                for path, text in _strings(value, field.path):
                    yield Place(written, path, f"{pattern(field.path, kinds)}.*", text, None)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    for step, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _strings(one, (*path, step))


def _at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def accepted(place: Place) -> Iterator[str]:
    """The hostile strings that the place's form lets through."""
    for text in (*HOSTILE.values(), *(f"{place.value}{ending}" for ending in ENDINGS)):
        try:
            if place.reader is not None:
                place.reader(text)
        except (PydanticCustomError, ValueError):
            continue
        yield text
