"""Where an operator's calls are run: in the loop, in threads, in processes, or somewhere that only a caller knows."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol

from comb_compiler.runtime.instance import Check
from comb_compiler.runtime.messages import Messages
from comb_compiler.runtime.sdk import Call

__all__ = ["Answer", "Callee", "Elsewhere", "Host", "Inline"]

Answer = Callable[[Sequence[Any], Call], Awaitable[Any]]
"""Arguments in the order of `Callee.ports`, and the call → what the operator gives. Cancelling reaches the operator."""

Inline = Callable[..., Any]
"""The arguments → what the operator gives, at once."""


class Callee(NamedTuple):
    """How a node calls its operator. Exactly one of `inline`, `coroutine` and `answer` is there.

    `inline` and `coroutine` take the arguments alone, which is cheapest; `answer` takes the call as well. `check` gives
    what came back as it must be, or raises OperatorError. `ports` are the operator's own, in the order of arguments;
    `parcels` are those that take a Parcel, and `gives_parcel` says that the answer may be one.
    """

    ports: tuple[str, ...]
    check: Check
    inline: Inline | None = None
    coroutine: Callable[..., Awaitable[Any]] | None = None
    answer: Answer | None = None
    parcels: frozenset[str] = frozenset()
    gives_parcel: bool = False


class Host(Protocol):
    """Hosts one operator, from `start` to `close`."""

    @property
    def waiting(self) -> int:
        """How many calls wait here for their turn."""
        return 0

    async def start(self) -> Callee:
        """Start and warm up. Raises BadOperator, or OperatorError (UNAVAILABLE) for what the operator itself raises."""

    async def close(self) -> None:
        """Stop. Returns when nothing of it runs any more, or cannot be stopped."""


Elsewhere = Callable[[Messages], Host]
"""An engine's message classes → the host, not yet started, of a binding that the engine does not run itself."""
