"""Compare two schemas by the rules that were asked for."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from comb_compiler.protos.breaking.change import Category, Change
from comb_compiler.protos.breaking.pairs import Comparison
from comb_compiler.protos.breaking.reach import reach
from comb_compiler.protos.breaking.rules import (
    ENUM_RULES,
    FIELD_RULES,
    FILE_RULES,
    MESSAGE_RULES,
    METHOD_RULES,
    SCHEMA_RULES,
    SERVICE_RULES,
    Rule,
)
from comb_compiler.protos.model import Schema

__all__ = ["compare", "gravest"]

_Subject = TypeVar("_Subject")
_ENCODINGS = frozenset({Category.WIRE, Category.WIRE_JSON})
_DEFAULT = (Category.WIRE, Category.WIRE_JSON, Category.FILE)


def compare(
    old: Schema,
    new: Schema,
    *,
    categories: Collection[Category] = _DEFAULT,
    roots: Collection[str] | None = None,
) -> tuple[Change, ...]:
    """What of `new` breaks peers, or code, that know `old`; in the order of `old`. In linear time.

    Only the comb's own files count: those with a path in `new`, and those gone from it that are not Google's. With
    `roots` (methods as `package.Service/Method` and full names of messages, of either schema) `WIRE` and `WIRE_JSON`
    count only for what is reached from them in both schemas: nobody encodes the rest. `PACKAGE` and `FILE` look at
    whole files all the same, since code may use whatever is generated.

    A change that several rules see is there once for each of them; `gravest` leaves one.
    """
    return tuple(_Run(Comparison(old, new), frozenset(categories), roots).changes())


def gravest(changes: Iterable[Change]) -> tuple[Change, ...]:
    """One change for each thing that changed: that of the gravest category, the first where two are as grave."""
    kept: dict[tuple[str, str], Change] = {}
    for change in changes:
        key = (change.about, change.element)
        if key not in kept or change.category < kept[key].category:
            kept[key] = change
    return tuple(kept.values())


class _Run:
    def __init__(self, schemas: Comparison, asked: frozenset[Category], roots: Collection[str] | None) -> None:
        self._schemas = schemas
        self._asked = asked
        self._old = None if roots is None else reach(schemas.old, roots)
        self._new = None if roots is None else reach(schemas.new, roots)

    def changes(self) -> Iterator[Change]:
        schemas = self._schemas
        yield from self._check(SCHEMA_RULES, schemas)
        reached_files = self._reached_files()
        for file in schemas.files():
            yield from self._check(FILE_RULES, file, reached_files is None or file.old.name in reached_files)
        for message in schemas.messages():
            is_reached = self._reaches(message.old.name, message.new.name)
            yield from self._check(MESSAGE_RULES, message, is_reached)
            for field in message.fields():
                yield from self._check(FIELD_RULES, field, is_reached)
        for enum in schemas.enums():
            yield from self._check(ENUM_RULES, enum, self._reaches(enum.old.name, enum.new.name))
        for extension in schemas.extensions():
            yield from self._check(FIELD_RULES, extension, self._reaches(extension.extendee, extension.extendee))
        for service in schemas.services():
            yield from self._check(SERVICE_RULES, service)
            for method in service.methods():
                yield from self._check(METHOD_RULES, method, self._reaches(method.element, method.element))

    def _reaches(self, old: str, new: str) -> bool:
        return (self._old is None or old in self._old) and (self._new is None or new in self._new)

    def _reached_files(self) -> frozenset[str] | None:
        if self._old is None:
            return None
        old = self._schemas.old
        services = {name.partition("/")[0] for name in self._old if "/" in name}
        reached = [kind.get(name) for kind in (old.messages, old.enums) for name in self._old]
        return frozenset(one.file for one in (*reached, *map(old.services.get, services)) if one is not None)

    def _check(self, rules: tuple[Rule[_Subject], ...], subject: _Subject, is_reached: bool = True) -> Iterator[Change]:
        asked = self._asked if is_reached else self._asked - _ENCODINGS
        for rule in rules:
            counts = rule.categories & asked
            if counts:
                for finding in rule.check(subject):
                    yield Change(rule.name, min(counts), rule.about or rule.name, *finding)
