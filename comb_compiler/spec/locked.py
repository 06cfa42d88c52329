"""Is the interface in comb.lock the one that the .proto files declare?"""

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.protos.compiled import Protos
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.lock import LockFile
from comb_compiler.spec.published import Interface, channels_of

__all__ = ["interface_findings"]

_RUN_LOCK = "run `comb lock`, and commit what it writes: later versions are held to the interface that it has"


def interface_findings(bound: Bound[Comb], protos: Protos | None, lock: LockFile | None) -> list[Diagnostic]:
    """That the lock has another interface. Nothing where it has none, or where the .proto files are wrong."""
    interface = lock.lock.interface if lock is not None else None
    if interface is None or bound.value is None or protos is None or protos.schema is None:
        return []
    if not bound.is_sound("interface") or not bound.is_sound("operators") or _is_same(bound.value, protos, interface):
        return []
    place = bound.place("interface", "proto")
    message = "comb.lock has another interface than this comb and its .proto files"
    return [diagnose(codes.STALE_LOCK, message, place.span, path="interface.proto", hints=(_RUN_LOCK,))]


def _is_same(comb: Comb, protos: Protos, interface: Interface) -> bool:
    if (interface.method, interface.channels) != (comb.interface.method, channels_of(comb)):
        return False
    if interface.descriptors == protos.descriptors:
        return True
    from comb_compiler.protos.decode import BadDescriptors, decode

    try:  # another protoc may write the same in other bytes
        return decode(interface.descriptors, {}) == decode(protos.descriptors, {})
    except BadDescriptors:
        return False
