"""What a log says of an exception where nobody may see what is in requests: its type and its place, and no text."""

import logging
from typing import Any

__all__ = ["untold", "without_texts"]

_INSTEAD = "its text is not logged, since the comb hides fields"


def untold(error: BaseException) -> BaseException:
    """An exception that looks like `error` in a log, without its text and its causes: these may hold anything."""
    kind: Any = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    made: BaseException = kind(_INSTEAD)
    return made.with_traceback(error.__traceback__)


def without_texts(record: logging.LogRecord) -> bool:
    """A filter of a logger whose exceptions are to be `untold`."""
    if record.exc_info and record.exc_info[1] is not None:
        said = untold(record.exc_info[1])
        record.exc_info = (type(said), said, said.__traceback__)
    return True
