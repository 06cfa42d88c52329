"""A line for each request that fails: which, how, where, after how long; and not a million alike."""

import logging
from collections.abc import Callable
from time import monotonic

from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.engine.observation import Finished, Probe

__all__ = ["FailureLog"]

_log = logging.getLogger("comb.requests")
_SERIOUS = frozenset({Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS})


class FailureLog:
    """An Observer: logs requests that fail, of each kind (code and node) at most `most` in `seconds`.

    What is left out is told with the next line of its kind. Answered requests are logged where DEBUG is. `hide` takes
    out of an error's text what nobody gets to see of its request.
    """

    def __init__(
        self,
        most: int = 10,
        seconds: float = 60.0,
        clock: Callable[[], float] = monotonic,
        hide: Callable[[str, Finished], str] = lambda text, request: text,
    ) -> None:
        self._hide = hide
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._since: dict[tuple[int, str], list[float]] = {}

    def ended(self, request: Finished) -> None:
        """Say how a request ended, if that is worth a line."""
        error = request.error
        if error is None and not _log.isEnabledFor(logging.DEBUG):
            return
        if type(request.request_id) is Probe:
            return
        if error is None:
            _log.debug("answered", extra=_extra(request, Code.OK, ""))
            return
        node = _failed_node(request, error.code)
        suppressed = self._suppressed(error.code, node)
        if suppressed is None:
            return
        extra = _extra(request, error.code, node) | ({"suppressed": suppressed} if suppressed else {})
        said = self._hide(str(error), request)
        _log.log(logging.ERROR if error.code in _SERIOUS else logging.WARNING, "%s", said, extra=extra)

    def _suppressed(self, code: Code, node: str) -> int | None:
        """How many of this kind were left out before this one; None for one that is left out itself."""
        now = self._clock()
        begin, said, left_out = kept = self._since.setdefault((int(code), node), [now, 0, 0])
        if now - begin >= self._seconds:
            kept[:] = [now, 1, 0]
            return int(left_out)
        if said >= self._most:
            kept[2] += 1
            return None
        kept[1] += 1
        return 0


def _failed_node(request: Finished, code: Code) -> str:
    """The node that ended with the request's code last; empty where it was none's."""
    ended = [
        (end, name) for name, end, how in zip(request.names, request.ends, request.codes, strict=True) if how == code
    ]
    return max(ended, default=(0.0, ""))[1]


def _extra(request: Finished, code: Code, node: str) -> dict[str, object]:
    return {
        "request_id": request.request_id,
        "arm": request.arm,
        "node": node,
        "code": code.name,
        "seconds": round(request.ended - request.began, 6),
    }
