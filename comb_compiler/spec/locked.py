"""Is the interface in comb.lock the one that the .proto files declare?"""

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.protos.compiled import Protos
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.lock import LockFile
from comb_compiler.spec.published import Interface, interface_of

__all__ = ["interface_findings", "promised"]

_RUN_LOCK = "run `comb lock`, and commit what it writes: later versions are held to the interface that it has"


def promised(bound: Bound[Comb], protos: Protos | None) -> Interface | None:
    """What the comb promises; None where that is wrong itself, such as a method that no .proto file declares."""
    if bound.value is None or protos is None or protos.schema is None:
        return None
    if not bound.is_sound("interface") or not bound.is_sound("operators"):
        return None
    interface = interface_of(bound.value, protos.descriptors)
    method = protos.schema.method(interface.method)
    if method is None or method.client_streaming or method.server_streaming:
        return None
    return interface if all(channel in protos.schema.messages for channel in interface.channels) else None


def interface_findings(bound: Bound[Comb], protos: Protos | None, lock: LockFile | None) -> list[Diagnostic]:
    """That the lock has another interface. Nothing where it has none, or where the comb's own is wrong."""
    locked = lock.lock.interface if lock is not None else None
    interface = promised(bound, protos)
    if locked is None or interface is None or _is_same(locked, interface):
        return []
    place = bound.place("interface", "proto")
    message = "comb.lock has another interface than this comb and its .proto files"
    return [diagnose(codes.STALE_LOCK, message, place.span, path="interface.proto", hints=(_RUN_LOCK,))]


def _is_same(one: Interface, other: Interface) -> bool:
    if (one.method, one.channels) != (other.method, other.channels):
        return False
    if one.descriptors == other.descriptors:
        return True
    from comb_compiler.protos.decode import BadDescriptors, decode

    try:  # another protoc may write the same in other bytes
        return decode(one.descriptors, {}) == decode(other.descriptors, {})
    except BadDescriptors:
        return False
