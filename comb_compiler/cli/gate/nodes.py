"""What two runs recorded of one request → a table of the graph's nodes, and where they part."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from comb_compiler.cli.gate.showing import short_value
from comb_compiler.cli.tables import code_name, milliseconds, table
from comb_compiler.gates import differences

if TYPE_CHECKING:
    from comb_compiler.runtime.messages import Messages
    from comb_compiler.samples.record_pb2 import Operator, Record, Value

__all__ = ["first_apart", "node_table"]

_MOST_PLACES = 3


def first_apart(before: "Record", after: "Record") -> str:
    """The first node, in the order of `after`, that gave something else than before; empty where none did."""
    gave = {one.node: one for one in before.operators}
    return next((one.node for one in after.operators if not _is_same(gave.get(one.node), one)), "")


def node_table(names: tuple[str, str], before: "Record", after: "Record", messages: "Messages") -> str:
    """A row for each node. `messages` is what their outputs are read with, where they can be."""
    gave = {one.node: one for one in before.operators}
    rows = []
    for one in after.operators:
        other = gave.pop(one.node, None)
        rows.append((one.node, one.operator, _came(other), _came(one), _apart(other, one, messages)))
    rows += [(one.node, one.operator, _came(one), "", "is not there any more") for one in gave.values()]
    return table(("node", "operator", *names, "differs"), rows)


def _came(one: "Operator | None") -> str:
    """What came of a node, and how long it took."""
    if one is None:
        return ""
    took = f" {milliseconds(one.duration / 1e9)}" if one.duration else ""
    return f"{code_name(one.code)}{took}{', its fallback' if one.fallback else ''}"


def _is_same(before: "Operator | None", after: "Operator") -> bool:
    return before is not None and (before.code, before.output.message) == (after.code, after.output.message)


def _apart(before: "Operator | None", after: "Operator", messages: "Messages") -> str:
    if before is None:
        return "is new"
    if _is_same(before, after):
        return ""
    if before.code != after.code:
        return short_value(after.error or f"was {code_name(before.code)}")
    return "; ".join(_places(before.output, after.output, messages)) or "in what is not read here"


def _places(before: "Value", after: "Value", messages: "Messages") -> Iterator[str]:
    from comb_compiler.runtime.messages import read_message

    if before.type != after.type or after.type not in messages:
        return
    one, other = (read_message(messages[after.type], value.message) for value in (before, after))
    if one is None or other is None:
        return
    found = differences(one, other, {})
    for place in found[:_MOST_PLACES]:
        yield f"{place.place}: {short_value(place.before)} → {short_value(place.after)}"
    if len(found) > _MOST_PLACES:
        yield f"{len(found) - _MOST_PLACES} places more"
