"""Whatever is wrong with whichever field: the finding points at exactly that key or value.

Made from the models: every place of the full examples is corrupted in every way that its type allows, in files written
by hand, in block style and in flow style. Places come from PyYAML or from how the text was put together, not from our
reader.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic, Span
from comb_compiler.source import SourceSet
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.platform import Platform
from tests.spec.batches import Wrong, batched, combined, wrongs
from tests.spec.corruptions import corruptions
from tests.spec.fields import Field, all_fields, walk
from tests.spec.texts import Range, Text, block, flow, marked

DATA = FilePath(__file__).parent / "data"
POLICY = FilePath(__file__).parents[2] / "policies" / "owner-labels.yaml"
MODELS: dict[str, type[BaseModel]] = {"full.comb": Comb, "full.platform": Platform, "embedded.platform": Platform}
STYLES = ("written", "block", "flow")


@cache
def data(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def text(name: str, style: str) -> Text:
    """The example in a style."""
    if style == "written":
        return marked((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    if style == "block":
        return marked(block(data(name)).lstrip("\n") + "\n")
    return marked("".join(f"{key}: {flow(value)}\n" for key, value in data(name).items()))


def fields(name: str) -> list[Field]:
    return list(walk(MODELS[name], data(name)))


def findings(content: str) -> tuple[Diagnostic, ...]:
    files = {"full.yaml": content.encode(), "moderation.proto": (DATA / "moderation.proto").read_bytes()}
    files["policies/owner-labels.yaml"] = POLICY.read_bytes()
    return check(SourceSet("full.yaml", files)).diagnostics


Place = tuple[tuple[int, int], tuple[int, int]]
"""The line and the column of both ends."""


def place(content: str, range_: Range) -> Place:
    def position(offset: int) -> tuple[int, int]:
        before = content[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    return position(range_.start), position(range_.end)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MODELS)
def test_the_findings_are_at_exactly_those_keys_and_values(name: str, style: str) -> None:
    """Each corruption of each place, several in one file: each is told at its place, and nothing else is."""
    whole = text(name, style)
    found = [one for field in fields(name) for one in wrongs(whole, field.path, corruptions(field))]
    for batch in batched(shuffled(found, style)):
        _are_found(whole, batch, style)


def shuffled(found: list[Wrong], style: str) -> list[Wrong]:
    """In an order of each style's own, so that the same do not meet each time."""
    return sorted(found, key=lambda one: sha256(f"{style} {one.path} {one.corruption.id}".encode()).digest())


PLACES = [
    pytest.param(name, field, id=f"{name}-{'.'.join(map(str, field.path))}")
    for name in MODELS
    for field in fields(name)
]


@pytest.mark.prove
@pytest.mark.parametrize(("name", "field"), PLACES)
def test_the_finding_is_there_where_nothing_else_is_wrong(name: str, field: Field) -> None:
    for style in STYLES:
        for one in wrongs(text(name, style), field.path, corruptions(field)):
            _are_found(text(name, style), [one], style)


def _told(span: Span, code: str) -> tuple[Place, str]:
    return ((span.start.line, span.start.column), (span.end.line, span.end.column)), code


def _are_found(whole: Text, batch: list[Wrong], style: str) -> None:
    content, places = combined(whole, batch)
    expected = {(place(content, at), one.corruption.code.id): one for one, at in zip(batch, places, strict=True)}
    found = [(_told(one.primary.span, one.code.id), one) for one in findings(content) if one.primary]
    missed = [f"{one.path}: {one.corruption.id}" for key, one in expected.items() if key not in dict(found)]
    besides = [f"{key}: {one.message}" for key, one in found if key not in expected]
    assert (missed, besides, len(found)) == ([], [], len(batch)), f"{style}\n{content}"
    for key, one in found:
        hint = expected[key].corruption.hint
        assert not hint or any(f"`{hint}`" in said for said in one.hints), (style, expected[key], one)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MODELS)
def test_the_examples_themselves_are_right(name: str, style: str) -> None:
    assert findings(text(name, style).text) == ()


@pytest.mark.parametrize("model", [Comb, Platform])
def test_the_examples_have_every_field_of_the_models(model: type[BaseModel]) -> None:
    examples = [name for name, of in MODELS.items() if of is model]
    assert {field.name for name in examples for field in fields(name)} - {""} == all_fields(model)
