"""Can a message be read as another type? Structural subtyping, by field numbers, names and types.

A type fits itself. It fits another one when everything that the reader looks at is given: each field of the wanted type
is there under the same number, name, type and cardinality, messages again by this rule. What else is given is ignored,
as Protobuf's parsers do. Sources: the wire format's rules on unknown fields and on type compatibility
(protobuf.dev, "Updating A Message Type"), made stricter: what may be read, but means something else, does not fit.
"""

import re
from typing import NamedTuple

from comb_compiler.protos.model import Cardinality, Enum, Field, Message, Schema

__all__ = ["Misfit", "misfits"]


class Misfit(NamedTuple):
    """One reason why a type does not fit: the path of fields in the wanted type, and what is wrong there."""

    path: str
    reason: str


def misfits(schema: Schema, given: str, wanted: str) -> tuple[Misfit, ...]:
    """Everything that keeps a message `given` from being read as `wanted`; nothing where it fits.

    Both are full names of messages of `schema`. Recursive types fit when no difference is found on the way round.
    """
    if given == wanted:
        return ()
    comparison = _Comparison(schema)
    comparison.messages(given, wanted, "")
    return tuple(comparison.found)


class _Comparison:
    def __init__(self, schema: Schema) -> None:
        self.found: list[Misfit] = []
        self._schema = schema
        self._seen: set[tuple[str, str]] = set()

    def messages(self, given: str, wanted: str, path: str) -> None:
        if given == wanted or (given, wanted) in self._seen:
            return
        self._seen.add((given, wanted))
        first, second = self._schema.messages[given], self._schema.messages[wanted]
        by_number = {field.number: field for field in first.fields}
        for field in second.fields:
            here = f"{path}.{field.name}" if path else field.name
            there = by_number.get(field.number)
            if there is None:
                self._absent(first, field, here)
            elif there.name != field.name:
                self._say(here, f"number {field.number} is `{there.name}` there")
            else:
                self._fields(there, field, here)

    def _absent(self, given: Message, wanted: Field, path: str) -> None:
        elsewhere = given.field(wanted.name)
        if elsewhere is not None:
            self._say(path, f"it has the number {wanted.number} here and {elsewhere.number} there")
        else:
            self._say(path, "it is never given")

    def _fields(self, given: Field, wanted: Field, path: str) -> None:
        if given.is_repeated != wanted.is_repeated:
            words = ("repeated", "single") if wanted.is_repeated else ("single", "repeated")
            self._say(path, f"it is {words[0]} here and {words[1]} there")
        elif wanted.cardinality is Cardinality.REQUIRED and given.cardinality is not Cardinality.REQUIRED:
            self._say(path, "it is required here, and may be left out there")
        elif wanted.oneof and not given.oneof:
            self._say(path, f"it is one of `{wanted.oneof}` here, and may be given beside the others there")
        elif given.is_message and wanted.is_message and given.kind == wanted.kind:
            self.messages(given.type, wanted.type, path)
        elif given.kind == wanted.kind == "enum":
            self._enums(self._schema.enums[given.type], self._schema.enums[wanted.type], path)
        elif given.is_message and wanted.is_message:
            self._say(path, f"it is {_ENCODED[wanted.kind]} here and {_ENCODED[given.kind]} there")
        elif given.kind != wanted.kind:
            self._say(path, f"it is {_shown(wanted)} here and {_shown(given)} there")

    def _enums(self, given: Enum, wanted: Enum, path: str) -> None:
        """Values are told by number, so each that may come must mean the same."""
        if given.name == wanted.name:
            return
        names = {value.number: value.name for value in wanted.values}
        for value in given.values:
            if value.number not in names:
                self._say(path, f"`{value.name}` ({value.number}) of `{given.name}` is none of `{wanted.name}`")
            elif _bare(names[value.number], wanted) != _bare(value.name, given):
                self._say(path, f"{value.number} is `{names[value.number]}` here and `{value.name}` there")

    def _say(self, path: str, reason: str) -> None:
        self.found.append(Misfit(path, reason))


_ENCODED = {"message": "encoded with its length before it", "group": "delimited (a group)"}


def _shown(field: Field) -> str:
    return f"`{field.type}`" if field.type else field.kind


def _bare(value: str, enum: Enum) -> str:
    """A value's name without the enum's own, which the style guide has before each: `DECISION_ALLOW` → `ALLOW`."""
    words = re.sub(r"(?<=.)(?=[A-Z])", "_", enum.name.rpartition(".")[2])
    return value.removeprefix(f"{words.upper()}_")
