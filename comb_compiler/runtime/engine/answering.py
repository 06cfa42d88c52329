"""What answers requests: an engine, or what chooses between several."""

from typing import Protocol

from comb_compiler.runtime.engine.observation import Finished
from comb_compiler.runtime.messages import Message

__all__ = ["Answering"]


class Answering(Protocol):
    """Answers requests of one method."""

    @property
    def request_type(self) -> type[Message]:
        """The class of requests. One of another class, but the same name, is converted."""

    async def run(
        self,
        request: Message,
        *,
        within: float | None = None,
        key: str = "",
        arm: str | None = None,
        request_id: str = "",
        release: str | None = None,
        traceparent: str = "",
    ) -> Finished:
        """Run a request to its end; what it came to is its `answer` or its `error`.

        `within` is what is left of the caller's deadline, in seconds; the plan's bounds it too. `key` is the sticky key
        that the arm is chosen by; without one it is drawn. `arm` forces one, and `release` by its name.
        `traceparent` is the caller's span (W3C Trace Context), empty for none. Raises OperatorError for a request that
        is not taken on.
        """
