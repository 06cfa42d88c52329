"""What leaves an operator that is no answer, as its caller gets it."""

import asyncio
import logging

from comb_compiler.runtime.codes import Code, OperatorError, OutOfMemory, plain
from comb_compiler.runtime.discretion import untold

__all__ = ["typed"]

_log = logging.getLogger("comb.runtime")


def typed(error: BaseException, name: str, request_id: str, arm: str, *, discreet: bool = False) -> OperatorError:
    """Any exception of an operator as an OperatorError; what it was is logged where the caller does not see it.

    Its text is not logged where that is to be `discreet`.
    """
    if isinstance(error, OperatorError) and (made := plain(error)) is not None:
        return made
    if isinstance(error, asyncio.CancelledError):
        return OperatorError(Code.CANCELLED, f"`{name}` cancelled itself")
    if isinstance(error, MemoryError):
        return OutOfMemory(Code.RESOURCE_EXHAUSTED, f"`{name}` ran out of memory")
    seen = untold(error) if discreet else error
    _log.error("`%s` failed", name, exc_info=seen, extra={"request_id": request_id, "node": name, "arm": arm})
    return OperatorError(Code.INTERNAL, f"`{name}` failed with {type(error).__name__}")
