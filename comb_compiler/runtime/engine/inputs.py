"""How a node's arguments are read from what other nodes gave: compiled once, to closures."""

from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from comb_compiler.release import Input
from comb_compiler.runtime.instance import unpacked
from comb_compiler.runtime.messages import Message, reread

__all__ = ["Gather", "Read", "gatherer", "reader"]

Read = Callable[[list[Any]], Any]
"""Values by node, the request last → the value of one port; None where there is none."""

Gather = Callable[[list[Any]], Sequence[Any] | None]
"""Values by node, the request last → the arguments of a call; None where a port that is needed gets nothing."""


def reader(source: Input, kind: type[Message], *, optional: bool, parcel: bool) -> Read:
    """How one port is read. `parcel` says that its source may give a Parcel, and this port takes a message.

    A field that is not set reads as the empty message, as it does in Protobuf; an optional port gets None for it.
    """
    place = source.source
    follow = _follow(source.fields, optional) if source.fields else None
    again = reread(kind) if source.convert else None
    if follow is None and again is None and not parcel:
        return itemgetter(place)

    def read(values: list[Any]) -> Any:
        value = unpacked(values[place]) if parcel else values[place]
        if value is not None and follow is not None:
            value = follow(value)
        return value if value is None or again is None else again(value)

    return read


def _follow(fields: tuple[str, ...], optional: bool) -> Callable[[Any], Any]:
    whole = attrgetter(".".join(fields))
    if not optional:
        return whole

    def follow(value: Any) -> Any:
        for name in fields:
            if not value.HasField(name):
                return None
            value = getattr(value, name)
        return value

    return follow


def gatherer(ports: Sequence[tuple[str, Read | None, bool]]) -> Gather:
    """How all ports are read: name, reader (None where nothing flows into it), whether it is optional."""
    if len(ports) == 1 and ports[0][1] is not None and not ports[0][2]:
        return _one(ports[0][1])
    reads = tuple((read, optional) for _, read, optional in ports)

    def gather(values: list[Any]) -> Sequence[Any] | None:
        arguments = []
        for read, optional in reads:
            value = None if read is None else read(values)
            if value is None and not optional:
                return None
            arguments.append(value)
        return arguments

    return gather


def _one(read: Read) -> Gather:
    def gather(values: list[Any]) -> Sequence[Any] | None:
        value = read(values)
        return None if value is None else (value,)

    return gather
