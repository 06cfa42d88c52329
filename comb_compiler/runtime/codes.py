"""How a call ends: gRPC's canonical codes, and the error that carries one."""

from enum import IntEnum

__all__ = ["Code", "OperatorError", "OutOfMemory", "plain"]


class Code(IntEnum):
    """gRPC's canonical status codes; `OK` is an answer."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


_LONGEST = 2000
"""A caller gets the message in a header, which has bounds of its own."""


class OperatorError(Exception):
    """A call that failed, with the code and the sentence that its caller gets. Raise it in an operator.

    Any other exception that leaves an operator is INTERNAL, and its text stays in the logs: it may hold secrets.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(code, message)
        if code == Code.OK:
            raise ValueError("an error has a code other than OK")
        self.code = Code(code)
        said = str(message)
        said = said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
        # A name of a file, or JSON, may bring half of a surrogate pair, which neither gRPC nor HTTP can send.
        self.message = said.encode("utf-8", "replace").decode("utf-8")

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"


class OutOfMemory(OperatorError):
    """A call that got no memory, or whose process was killed: the system does that to the one that takes too much."""


def plain(error: OperatorError) -> OperatorError | None:
    """The error, with nothing in it that a subclass has made of it, or has left out; None where it has no code."""
    try:
        code, message = error.code, error.message
        if type(error) in (OperatorError, OutOfMemory) and type(code) is Code and type(message) is str:
            return error
        return OperatorError(Code(code), message)
    except Exception:  # whatever the subclass does when it is looked at
        return None
