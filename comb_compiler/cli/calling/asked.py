"""Who can be asked: a running service, or a comb on this machine."""

from typing import Any, Protocol

from comb_compiler.runtime.client import Outcome, Terms

__all__ = ["Asked"]


class Asked(Protocol):
    """Answers a method's requests."""

    @property
    def method(self) -> str:
        """`package.Service/Method`."""

    @property
    def request_type(self) -> Any:
        """The class of requests."""

    async def ask(self, request: Any, terms: Terms) -> Outcome:
        """One request. Raises Unreachable where nobody can be reached, CannotAsk for terms that cannot be."""

    async def close(self) -> None:
        """Let go of all that is held."""
