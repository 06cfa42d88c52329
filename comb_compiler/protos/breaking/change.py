"""What a comparison of two schemas finds."""

from enum import IntEnum
from typing import NamedTuple

from comb_compiler.diagnostics import Span

__all__ = ["Category", "Change", "Finding"]


class Category(IntEnum):
    """What a change breaks, from the gravest on; the names are buf's.

    `WIRE`: the binary encoding, so that peers of two versions misread each other. `WIRE_JSON`: that, or JSON.
    `PACKAGE`: source code that uses generated code, wherever in its package a type is. `FILE`: that, by file.
    """

    WIRE = 1
    WIRE_JSON = 2
    PACKAGE = 3
    FILE = 4


class Finding(NamedTuple):
    """What one rule says of one element.

    `element` is its full name (`package.Message.field`, `package.Service/Method`), in the old schema where it is gone
    from the new; of a file its import name. `message` is one sentence without place or advice, `hint` the advice.
    `span` is in the new schema; what is gone has the place of the nearest thing around it that is still there, or the
    file's. None where the new schema came without sources, or the whole file is gone.
    """

    element: str
    message: str
    hint: str
    span: Span | None


class Change(NamedTuple):
    """A finding with the rule that made it.

    `category` is the gravest of the categories that were asked for in which the rule counts for this element. Changes
    with the same `about` and `element` say the same, some of them more strictly (`gravest`).
    """

    rule: str
    category: Category
    about: str
    element: str
    message: str
    hint: str
    span: Span | None
