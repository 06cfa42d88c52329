"""What an operator raises while it starts, as a sentence."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comb_compiler.runtime.codes import OperatorError
from comb_compiler.runtime.declaration import BadOperator
from comb_compiler.runtime.engine import CannotRun
from comb_compiler.runtime.service.face import CannotServe

__all__ = ["starting"]

_SENTENCES = (BadOperator, CannotRun, CannotServe, OperatorError)
_LONGEST = 500


@contextmanager
def starting() -> Iterator[None]:
    """For the start of operators: any exception of theirs becomes a CannotServe that says what it is and where.

    Those that are a sentence already pass.
    """
    try:
        yield
    except _SENTENCES:
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST]
        where = f"{Path(last.filename).name}:{last.lineno}"
        raise CannotServe(f"an operator failed to start: {what} (at {where})") from error
