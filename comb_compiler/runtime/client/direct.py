"""A service whose interface the caller knows, asked over gRPC with bytes: nothing is asked of it but what it is for."""

from time import perf_counter
from typing import Any, NamedTuple

import grpc
import grpc.aio

from comb_compiler.runtime.client.outcome import Unreachable
from comb_compiler.runtime.client.tls import Certificates

__all__ = ["Direct", "Reply"]

_MOST_BYTES = 512 * 1024 * 1024


class Reply(NamedTuple):
    """An answer's bytes, or gRPC's code by name and the sentence of what failed; and how long it took, in seconds."""

    content: bytes
    code: str
    message: str
    seconds: float


class Direct:
    """A method, as `package.Service/Method`, at `host:port`. Whoever makes it closes it.

    It is asked by TLS where there are certificates. Raises CannotAsk where those cannot be read.
    """

    def __init__(self, address: str, method: str, certificates: Certificates | None = None) -> None:
        options = [("grpc.max_receive_message_length", _MOST_BYTES), ("grpc.max_send_message_length", _MOST_BYTES)]
        options.append(("grpc.enable_http_proxy", 0))
        if certificates is None:
            self._channel = grpc.aio.insecure_channel(address, options)
        else:
            self._channel = grpc.aio.secure_channel(address, certificates.credentials(), options)
        self._call: Any = self._channel.unary_unary(f"/{method}")

    async def ask(self, request: bytes, seconds: float, request_id: str = "") -> Reply:
        """One request, which may take so many seconds. Raises Unreachable where the service is gone."""
        began = perf_counter()
        call = self._call(request, timeout=seconds, metadata=[("x-request-id", request_id)] if request_id else None)
        try:
            answer = await call
        except grpc.aio.AioRpcError as error:
            said = error.details() or ""
            if error.code() is grpc.StatusCode.UNAVAILABLE and not list(await call.trailing_metadata()):
                raise Unreachable(f"the service went away: {said}") from error
            return Reply(b"", error.code().name, said, perf_counter() - began)
        return Reply(answer, "OK", "", perf_counter() - began)

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()
