"""What a comb has promised to others: its method, and the messages that its operators exchange."""

import base64
import binascii
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from comb_compiler.spec.comb import Comb

__all__ = ["Interface", "channels_of", "interface_from", "interface_member", "interface_of"]


class Interface(NamedTuple):
    """The method (`package.Service/Method`), the messages of the channels, and a FileDescriptorSet that declares all.

    `channels` are full names, sorted. A new release must understand what the one before sends, and the other way round:
    while it is rolled out, both are there.
    """

    method: str
    channels: tuple[str, ...]
    descriptors: bytes


def channels_of(comb: "Comb") -> tuple[str, ...]:
    """The full names of the messages that a comb's operators exchange, sorted."""
    operators = comb.operators.values()
    ports = {port.type for operator in operators for port in operator.inputs.values()}
    return tuple(sorted(ports | {operator.out for operator in operators}))


def interface_of(comb: "Comb", descriptors: bytes) -> Interface:
    """What a comb promises, whose .proto files declare `descriptors`."""
    return Interface(comb.interface.method, channels_of(comb), descriptors)


def interface_member(interface: Interface) -> dict[str, Any]:
    """The member of comb.lock."""
    encoded = base64.b64encode(interface.descriptors).decode("ascii")
    return {"method": interface.method, "channels": list(interface.channels), "descriptors": encoded}


def interface_from(member: Any) -> Interface | None:
    """What `interface_member` wrote; None where it is something else."""
    if not isinstance(member, dict) or set(member) != {"method", "channels", "descriptors"}:
        return None
    method, channels, encoded = member["method"], member["channels"], member["descriptors"]
    if not isinstance(method, str) or not isinstance(channels, list) or not isinstance(encoded, str):
        return None
    if not all(isinstance(channel, str) for channel in channels):
        return None
    try:
        return Interface(method, tuple(channels), base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        return None
