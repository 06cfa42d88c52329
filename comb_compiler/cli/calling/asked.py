"""Who can be asked: a running service, or a comb on this machine; and what is asked of either."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from comb_compiler.cli.calling.outcome import Outcome

__all__ = ["Asked", "Terms"]


class Terms(NamedTuple):
    """What goes with a request: a forced arm, headers, and how many seconds an answer may take."""

    arm: str | None = None
    headers: Mapping[str, str] = {}
    timeout: float = 60.0


class Asked(Protocol):
    """Answers a method's requests."""

    @property
    def method(self) -> str:
        """`package.Service/Method`."""

    @property
    def request_type(self) -> Any:
        """The class of requests."""

    async def ask(self, request: Any, terms: Terms) -> Outcome:
        """One request. Raises OutsideFailure where nobody can be reached."""

    async def close(self) -> None:
        """Let go of all that is held."""
