"""Whether a model on a server answers calls: asked at the start, when the connection comes back, and now and then."""

import asyncio
import logging
from typing import Any

import grpc
import grpc.aio

from comb_compiler.release import OipTarget
from comb_compiler.runtime.oip.agreement import disagreements
from comb_compiler.runtime.oip.connection import Connection
from comb_compiler.runtime.oip.protocol import message

__all__ = ["Disagrees", "Watch"]

_log = logging.getLogger("comb.runtime")
_WITHIN = 2.0
"""Seconds for an answer."""
_EVERY = 10.0
"""Seconds from one look to the next, while the model answers."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_MISSED = 3
"""Looks in a row that a server which is connected may leave without an answer: it may be busy with calls."""


class Disagrees(Exception):
    """The model is there, and is not what the comb declares; the message says in what."""


class Watch:
    """Looks after one model. `reason` says why it is not called; it is empty where it is."""

    def __init__(self, name: str, target: OipTarget, connection: Connection, *, needed: bool) -> None:
        self.needed = needed
        self._name = name
        self._target = target
        self._connection = connection
        self._seen = "its server has not been asked yet"
        self._missed = 0
        self._asking: asyncio.Task[None] | None = None
        self._change = connection.changes()

    @property
    def reason(self) -> str:
        """Why calls would fail."""
        if self._seen:
            return self._seen
        return "its server cannot be reached" if self._connection.is_lost else ""

    async def start(self) -> None:
        """Look once, and then go on looking. Raises Disagrees."""
        await self._look()
        self._asking = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Stop looking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def doubt(self) -> None:
        """A call has failed as if the model were gone: look soon."""
        self._change.set()

    async def _go_on(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await asyncio.wait_for(self._change.wait(), pause if self.reason else _EVERY)
                await asyncio.sleep(_FIRST_PAUSE)  # one look for many calls that fail
            except TimeoutError:
                pause = min(pause * 2, _LONGEST_PAUSE)
            self._change.clear()
            try:
                await self._look()
            except Disagrees as error:
                self._say(str(error))
            pause = pause if self.reason else _FIRST_PAUSE

    async def _look(self) -> None:
        """Ask the server. Raises Disagrees."""
        target = self._target
        try:
            server = await self._ask("ServerReady")
            model = await self._ask("ModelReady", name=target.model, version=target.version)
            metadata = await self._ask("ModelMetadata", name=target.model, version=target.version)
        except grpc.aio.AioRpcError as error:
            self._missing(error)
            return
        self._missed = 0
        if not server.ready:
            self._say("its server is not ready")
        elif not model.ready:
            self._say(f"the model `{target.model}` is not ready on its server")
        else:
            wrong = disagreements(target, metadata)
            if wrong:
                raise Disagrees(f"the model `{target.model}` is not as declared: {'; '.join(wrong)}")
            self._say("")

    async def _ask(self, method: str, **fields: str) -> Any:
        return await self._connection.ask(method, message(f"{method}Request")(**fields), _WITHIN)

    def _missing(self, error: grpc.aio.AioRpcError) -> None:
        """No answer, or one that says no more than that there is none."""
        code = error.code()
        if code == grpc.StatusCode.DEADLINE_EXCEEDED and not self._seen and not self._connection.is_lost:
            self._missed += 1
            if self._missed < _MISSED:
                return
        _log.debug("looking after `%s`: %s %s", self._name, code, error.details())
        said = {
            grpc.StatusCode.NOT_FOUND: f"its server has no model `{self._target.model}`",
            grpc.StatusCode.UNIMPLEMENTED: "its server does not speak the Open Inference Protocol",
            grpc.StatusCode.DEADLINE_EXCEEDED: "its server does not answer",
            grpc.StatusCode.UNAVAILABLE: "its server cannot be reached",
        }
        self._say(said.get(code, f"its server answers with {code.name}"))

    def _say(self, reason: str) -> None:
        if reason != self._seen:
            log = _log.warning if reason else _log.info
            log("`%s` %s", self._name, f"is not called: {reason}" if reason else "is ready")
        self._seen = reason
