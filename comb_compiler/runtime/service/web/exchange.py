"""What the site sees of HTTP: a request, whose body is read when it is asked for, and a response."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from comb_compiler.runtime.codes import Code

__all__ = ["Refusal", "Request", "Respond", "Response"]

T = TypeVar("T")


class Response(NamedTuple):
    """A whole response. `headers` come on top of those that every response has."""

    status: int
    content: bytes
    type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):
    """A request that HTTP itself has a status for, other than the one that goes with the code."""

    def __init__(self, status: int, code: Code, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


class Request(NamedTuple):
    """The head of a request; names of headers are in lower case.

    `body(limit)` reads the body; it raises Refusal for one that is longer or too slow. `while_there(work)` gives what
    the work gives, and cancels it when the client goes away.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: Callable[[int], Awaitable[bytes]]
    while_there: Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]

    def header(self, name: str) -> str:
        """The first header of that name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")


Respond = Callable[[Request], Awaitable[Response]]
"""What makes a response of each request. It raises nothing but Refusal."""
