"""gRPC calls → requests → gRPC answers.

A unary method is handled as one that streams its requests: on the wire they are alike, and the request is then read
when the handler asks for it, so that what is refused is refused before it takes memory, and one that never comes is
given up.
"""

import logging
from typing import Any

import grpc
from google.protobuf.message import EncodeError

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine import Finished
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.service.rpc.reading import Reading
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.terms import terms_of, told

__all__ = ["Calls"]

_log = logging.getLogger("comb.service")
_STATUS = {status.value[0]: status for status in grpc.StatusCode}
_LONGEST_MESSAGE = 1000
"""Of an error: it travels as a header, and clients take few of those."""


class Calls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Handles the method that is served now."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._reading = Reading(stage.settings.body_seconds)
        self._handler = grpc.stream_unary_rpc_method_handler(self._answer)

    def service(self, call: Any) -> Any:
        """The handler of a call, for gRPC; None for a method that is not served."""
        face = self._stage.face
        return self._handler if face is None or call.method == face.path else None

    async def _answer(self, _: Any, context: Any) -> bytes:
        stage, gate = self._stage, self._stage.gate
        terms = terms_of(context.invocation_metadata() or (), stage.key_header)
        run: Finished | None = None
        try:
            stage.require()
            gate.enter()
            try:
                content = await self._reading.read(context)
                request = stage.require().parse(content)
                run = await stage.run(request, terms, context.time_remaining())
            finally:
                gate.leave()
            if run.error is not None:
                raise run.error
            content = serialised(run.answer)
        except OperatorError as error:
            await context.abort(_STATUS[error.code], error.message[:_LONGEST_MESSAGE], told(terms, run))
        context.set_trailing_metadata(told(terms, run))
        return content


def serialised(answer: Message) -> bytes:
    """An answer's bytes. Raises OperatorError (INTERNAL) for one that has none."""
    try:
        return answer.SerializeToString()
    except (EncodeError, ValueError) as error:
        name = answer.DESCRIPTOR.full_name
        raise OperatorError(Code.INTERNAL, f"the answer, a {name}, cannot be serialised") from error
