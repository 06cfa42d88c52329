"""Whatever is wrong with whichever field: the finding points at exactly that key or value.

Made from the models: every place of the full examples is corrupted in every way that its type allows, in files written
by hand, in block style and in flow style. Places come from PyYAML or from how the text was put together, not from our
reader.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import pytest
import yaml
from annotated_types import MinLen
from pydantic import BaseModel

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.source import SourceSet
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.platform import Platform
from tests.spec.fields import Field, Kind, all_fields, walk
from tests.spec.scalars import bad_keys, bad_values, wrong_types
from tests.spec.texts import Path, Range, Text, block, flow, marked

DATA = FilePath(__file__).parent / "data"
MODELS: dict[str, type[BaseModel]] = {"full.comb": Comb, "full.platform": Platform, "embedded.platform": Platform}
STYLES = ("written", "block", "flow")


class Corruption(NamedTuple):
    """One way to do wrong at a place; `apply` gives the text, and the places that the findings must have."""

    id: str
    apply: Callable[[Text], tuple[str, Range]]
    code: Code
    hint: str = ""
    """What some advice must name."""


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
    return check(SourceSet("full.yaml", files)).diagnostics


def place(content: str, range_: Range) -> tuple[tuple[int, int], tuple[int, int]]:
    def position(offset: int) -> tuple[int, int]:
        before = content[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    return position(range_.start), position(range_.end)


def corruptions(field: Field) -> Iterator[Corruption]:
    """Everything that can be done wrong at one place."""
    yield from _of_value(field)
    if isinstance(field.path[-1], str):
        yield from _of_key(field)
        yield from _of_field(field)


def _of_value(field: Field) -> Iterator[Corruption]:
    match field.kind:
        case Kind.SCALAR:
            bad = (*wrong_types(field), *bad_values(field))
        case Kind.ANYTHING:
            bad = ()
        case Kind.LIST:
            bad = (("wrong", codes.WRONG_TYPE), ("{wrong: 1}", codes.WRONG_TYPE))
        case _ if field.is_short:
            bad = ()
        case _:
            bad = (("wrong", codes.WRONG_TYPE), ("[wrong]", codes.WRONG_TYPE))
    if _needs_entries(field):
        bad = (*bad, ("[]" if field.kind is Kind.LIST else "{}", codes.EMPTY_VALUE))
    if not field.in_overlay and field.kind is not Kind.ANYTHING:
        bad = (*bad, ("null", codes.EMPTY_VALUE))
    for new, code in bad:
        yield Corruption(f"value {new[:30]}", partial(Text.replaced, path=field.path, new=new), code)


def _needs_entries(field: Field) -> bool:
    """Whether it may not be empty: what is laid over something else may, and changes nothing then."""
    is_long = field.kind in (Kind.LIST, Kind.MAPPING) and any(isinstance(item, MinLen) for item in field.metadata)
    return is_long and not (field.in_overlay and field.kind is Kind.MAPPING)


def _of_key(field: Field) -> Iterator[Corruption]:
    """A key that is there twice, or has a form that it may not have."""
    entry = lambda text: text.preceded(field.path, text.entry(field.path))  # noqa: E731
    yield Corruption("key twice", entry, codes.DUPLICATE_KEY)
    for new, code in bad_keys(field) if field.key_type is not None else ():
        told = _NOT_IN_ENVIRONMENT.get(_pattern(field.path), code)
        yield Corruption(f"key {new[:30]}", partial(Text.renamed, path=field.path, new=new), told)


_NOT_IN_ENVIRONMENT: dict[Path, Code] = {
    ("environments", "*", "operators", "*"): codes.UNKNOWN_OPERATOR,
    ("environments", "*", "experiment", "arms", "*"): codes.OVERLAY_NOT_ALLOWED,
}
"""What is said of keys that could not be added however they are spelt."""


def _pattern(path: Path) -> Path:
    return ("environments", "*", *path[2:-1], "*") if path[0] == "environments" else path


def _of_field(field: Field) -> Iterator[Corruption]:
    """A key that is no field, or misspelt, or missing."""
    if not field.name:
        return
    name = str(field.path[-1])
    typo = name[:-1] + name[-1] * 2 + "x"
    yield Corruption("misspelt", lambda text: text.renamed(field.path, typo), codes.UNKNOWN_KEY, name)
    yield Corruption("unknown beside", lambda text: _beside(text, field.path, "frobnicate"), codes.UNKNOWN_KEY)
    yield Corruption("misspelt beside", lambda text: _beside(text, field.path, typo), codes.UNKNOWN_KEY, name)
    if not field.in_overlay:
        yield Corruption("without value", lambda text: _without_value(text, field.path), codes.EMPTY_VALUE)
    if field.required:
        yield Corruption("missing", lambda text: _missing(text, field.path), codes.MISSING_KEY, name)


def _beside(text: Text, path: Path, key: str) -> tuple[str, Range]:
    """Another key before the one at `path`."""
    content, moved = text.preceded(path, f"{key}: 1")
    start = content.rfind(key, 0, moved.start)
    return content, Range(start, start + len(key))


def _without_value(text: Text, path: Path) -> tuple[str, Range]:
    """Nothing behind the key, which is then what is pointed at."""
    content, _ = text.replaced(path, "")
    key = text.spots[path].key
    assert key is not None
    return content, key


def _missing(text: Text, path: Path) -> tuple[str, Range]:
    """The key of what lacks it is pointed at, or its value where it has none, or what the file says that it is."""
    content = text.removed(path)
    spots = marked(content).spots
    owner = spots[path[:-1]]
    if path[:-1]:
        return content, owner.key or owner.value
    title = spots.get(("kind",), spots.get(("apiVersion",)))
    assert title is not None
    assert title.key is not None
    return content, title.key


PLACES = [
    pytest.param(name, field, at, id=f"{name}-{'.'.join(map(str, field.path))}")
    for name in MODELS
    for at, field in enumerate(fields(name))
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "field", "at"), PLACES)
def test_the_finding_is_at_exactly_that_key_or_value(name: str, field: Field, at: int) -> None:
    """Each corruption in one of the styles, which take turns; `make prove` has all."""
    for turn, corruption in enumerate(corruptions(field), start=at):
        _is_found_at_its_place(name, STYLES[turn % len(STYLES)], corruption)


@pytest.mark.prove
@pytest.mark.parametrize(("name", "field", "at"), PLACES)
def test_the_finding_is_there_in_every_style(name: str, field: Field, at: int) -> None:
    for turn, corruption in enumerate(corruptions(field), start=at + 1):
        for style in (STYLES[turn % len(STYLES)], STYLES[(turn + 1) % len(STYLES)]):
            _is_found_at_its_place(name, style, corruption)


def _is_found_at_its_place(name: str, style: str, corruption: Corruption) -> None:
    content, expected = corruption.apply(text(name, style))
    found = findings(content)
    told = [(one.code.id, tuple(map(tuple, one.primary.span[1:]))) for one in found if one.primary]
    said = f"{corruption.id}, {style}: {[one.message for one in found]}"
    assert told == [(corruption.code.id, place(content, expected))], said
    if corruption.hint:
        assert any(f"`{corruption.hint}`" in hint for one in found for hint in one.hints), said


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", MODELS)
def test_the_examples_themselves_are_right(name: str, style: str) -> None:
    assert findings(text(name, style).text) == ()


@pytest.mark.parametrize("model", [Comb, Platform])
def test_the_examples_have_every_field_of_the_models(model: type[BaseModel]) -> None:
    examples = [name for name, of in MODELS.items() if of is model]
    assert {field.name for name in examples for field in fields(name)} - {""} == all_fields(model)
