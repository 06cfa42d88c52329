"""Everything that can be done wrong at a place of a file, by the type of its field, and how each must be told."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from annotated_types import MinLen

from comb_compiler.diagnostics import Code, codes
from tests.spec.fields import Field, Kind
from tests.spec.scalars import bad_keys, bad_values, wrong_types
from tests.spec.texts import Path, Range, Text, marked

__all__ = ["Corruption", "corruptions"]


class Corruption(NamedTuple):
    """One way to do wrong at a place; `apply` gives the text, and the places that the findings must have."""

    id: str
    apply: Callable[[Text], tuple[str, Range]]
    code: Code
    hint: str = ""
    """What some advice must name."""


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
