"""Why a process in a container ended, in words."""

import signal
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Ending", "in_words"]

_SIGNALS = 128
_MEANING = {
    126: "its program cannot be run",
    127: "its program is not in the image",
    _SIGNALS + signal.SIGABRT: "a library of it gave up (SIGABRT)",
    _SIGNALS + signal.SIGBUS: "it used memory that is not there (SIGBUS)",
    _SIGNALS + signal.SIGILL: "it is built for another processor (SIGILL)",
    _SIGNALS + signal.SIGINT: "it was interrupted (SIGINT)",
    _SIGNALS + signal.SIGKILL: "somebody killed it (SIGKILL), and not for want of memory",
    _SIGNALS + signal.SIGSEGV: "it used memory that is not its own (SIGSEGV): a library of it has a fault",
    _SIGNALS + signal.SIGTERM: "it was asked to end (SIGTERM)",
}
_MEBI = 1 << 20


class Ending(NamedTuple):
    """A process that has ended: its code, None where only a part of it was killed; whether for want of memory."""

    process: str
    code: int | None
    is_out_of_memory: bool
    words: str


def in_words(process: str, code: int | None, state: Mapping[str, Any], memory: int) -> str:
    """A sentence about an end, of the state that an engine tells, and the bytes that were allowed."""
    if state.get("OOMKilled"):
        what = "a process of it was killed" if not code else "it was killed"
        limit = f"{memory // _MEBI} MiB" if memory >= _MEBI else f"{memory} bytes"
        return f"{process}: {what} for want of memory: {limit} are allowed (resources.memory, /tmp included)"
    if state.get("Error"):
        said, _, _ = str(state["Error"]).partition("\n")
        return f"{process}: it did not start: {said[:300]}"
    if code == 0:
        return f"{process}: it ended in order"
    reason = _MEANING.get(code or 0)
    if reason is None and code is not None and _SIGNALS < code < _SIGNALS + 65:
        reason = f"signal {code - _SIGNALS} ended it"
    return f"{process}: {reason or f'it ended by itself, with exit code {code}'}"
