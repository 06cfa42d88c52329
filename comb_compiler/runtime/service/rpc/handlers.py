"""gRPC calls → requests → gRPC answers.

A unary method is handled as one that streams its requests: on the wire they are alike, and the request is then read
when the handler asks for it, so that what is refused is refused before it takes memory, and one that never comes is
given up.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.messages import serialised
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.terms import Told, terms_of, told

__all__ = ["Calls"]

_STATUS = {status.value[0]: status for status in grpc.StatusCode}
_LONGEST_MESSAGE = 1000
"""Of an error: it travels as a header, and clients take few of those."""


class Calls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Handles the method that is served now. It is asked first, since most calls are of that; then `others` are."""

    def __init__(self, stage: Stage, others: Sequence[Any]) -> None:
        self._stage = stage
        self._others = others

    def service(self, call: Any) -> Any:
        """The handler of a call, for gRPC; None for a method that is not served."""
        face = self._stage.face
        if face is not None and call.method == face.path:
            return _Call(self._stage, face.key_header, call.invocation_metadata)
        for other in self._others:
            handler = other.service(call)
            if handler is not None:
                return handler
        return _Call(self._stage, "", call.invocation_metadata) if face is None else None


class _Call:
    """One call, as what gRPC takes for the handler of a method.

    A handler has no other way to metadata that gRPC has read already: reading it again costs more than making this.
    """

    __slots__ = ("_context", "_stage", "_terms")

    request_streaming = True
    response_streaming = False
    request_deserializer = response_serializer = None

    def __init__(self, stage: Stage, key_header: str, metadata: Any) -> None:
        self._stage = stage
        self._terms = terms_of(metadata, key_header)
        self._context: Any = None

    async def stream_unary(self, _: Any, context: Any) -> bytes:
        """Answer the call.

        What every call needs is written out: under load a function costs what it touches, not what it does.
        """
        stage, gate, terms = self._stage, self._stage.gate, self._terms
        run: Finished | None = None
        try:
            if stage.face is None or gate.inside >= gate.limit:
                stage.require()
                gate.require()
            self._context = context
            stage.arrivals.enter(self)
            try:
                content = await context.read()
            finally:
                stage.arrivals.leave(self, None)
                self._context = None
            if content.__class__ is not bytes:
                raise OperatorError(Code.INVALID_ARGUMENT, "the call has no request")
            gate.enter()
            try:
                turn = stage.cohorts.join()
                if turn is not None:
                    await turn
                face = stage.face or stage.require()
                run = await face.run(face.parse(content), terms, context.time_remaining())
            finally:
                gate.leave()
            if run.error is not None:
                raise run.error
            answer = serialised(run.answer)
        except OperatorError as error:
            await _abort(context, error, told(terms, run))
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await _abort(context, stage.unexpected(error, terms), told(terms, run))
        if terms.asks:
            context.set_trailing_metadata(told(terms, run))
        return answer

    @property
    def peer(self) -> str:
        """See `Arriving`."""
        return str(self._context.peer())

    async def give_up(self, code: Code, message: str) -> None:
        """End the call from outside: what waits for its request gets an AbortError."""
        if self._context is None:
            return  # it has come just now
        with suppress(grpc.aio.BaseError):
            await self._context.abort(_STATUS[code], message, told(self._terms, None))


async def _abort(context: Any, error: OperatorError, beside: Told) -> None:
    """End a call with an error; this raises."""
    await context.abort(_STATUS[error.code], error.message[:_LONGEST_MESSAGE], beside)
