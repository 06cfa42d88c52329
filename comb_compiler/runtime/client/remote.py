"""A running service, asked over gRPC: its reflection says what it answers."""

import asyncio
from time import perf_counter
from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from comb_compiler.runtime.client.outcome import CannotAsk, Outcome, Terms, Unreachable, timed
from comb_compiler.runtime.client.tls import Certificates, why_not

__all__ = ["Certificates", "Remote", "open_remote"]

_OWN = ("grpc.", "comb.")
"""What every service has beside its own: reflection, health, what processes of one comb say to each other."""
_PATIENCE = 5.0
_MOST_PATIENCE = 30.0
"""Seconds within which a service that is connected has to say what it answers."""
_NEEDED = "it needs reflection, which `comb run` and its service have"
_MOST_BYTES = 512 * 1024 * 1024


_NONE = Certificates()


async def open_remote(target: str, method: str | None = None, certificates: Certificates = _NONE) -> "Remote":
    """Connect, and ask what is answered there. Raises Unreachable, CannotAsk."""
    address = (target.partition("://")[2] or target).rstrip("/")
    options = [("grpc.max_receive_message_length", _MOST_BYTES), ("grpc.max_send_message_length", _MOST_BYTES)]
    secure = target.startswith("grpcs://") or any(certificates)
    if secure:
        channel = grpc.aio.secure_channel(address, certificates.credentials(), options)
    else:
        channel = grpc.aio.insecure_channel(address, options)
    try:
        await asyncio.wait_for(_connected(channel), _PATIENCE)
        return await _described_in_time(channel, address, method, certificates if secure else None)
    except TimeoutError:
        await channel.close()
        raise await asyncio.to_thread(_why_not, address, certificates if secure else None) from None
    except BaseException:
        await channel.close()
        raise


def _why_not(address: str, certificates: Certificates | None) -> Unreachable:
    host, _, port = address.rpartition(":")
    return why_not(host.strip("[]"), int(port), certificates)


async def _connected(channel: Any) -> None:
    """Wait for the connection; as long as it is not refused. Raises TimeoutError."""
    state = channel.get_state(try_to_connect=True)
    while state is not grpc.ChannelConnectivity.READY:
        await channel.wait_for_state_change(state)
        state = channel.get_state()
        if state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            raise TimeoutError


async def _described_in_time(channel: Any, address: str, method: str | None, secure: Certificates | None) -> "Remote":
    """The service at the other end, by its reflection; which has a client without asyncio only."""
    plain = grpc.secure_channel(address, secure.credentials()) if secure else grpc.insecure_channel(address)
    try:
        async with asyncio.timeout(_MOST_PATIENCE):
            return await asyncio.to_thread(_described, channel, plain, address, method)
    except TimeoutError:
        raise Unreachable(f"{address} did not say within {_MOST_PATIENCE:.0f} s what it answers", _NEEDED) from None
    finally:
        plain.close()  # which ends what the thread waits for


def _described(channel: Any, plain: Any, address: str, method: str | None) -> "Remote":
    try:
        database = ProtoReflectionDescriptorDatabase(plain)
        services = [name for name in database.get_services() if not name.startswith(_OWN)]
        pool = DescriptorPool(database)
        found = _method(pool, services, method, address)
    except (grpc.RpcError, KeyError, TypeError) as error:  # the latter two where what it describes is not whole
        said = error.details() if isinstance(error, grpc.Call) else ""
        raise Unreachable(f"{address} does not say what it answers: {said or error}", _NEEDED) from error
    return Remote(channel, found)


def _method(pool: Any, services: list[str], wanted: str | None, address: str) -> Any:
    methods = [one for name in services for one in pool.FindServiceByName(name).methods]
    names = [_name(one) for one in methods]
    if wanted is not None:
        if wanted not in names:
            raise CannotAsk(f"{address} has no method {wanted}; it has {', '.join(names) or 'none'}")
        return methods[names.index(wanted)]
    if len(methods) != 1:
        raise CannotAsk(f"{address} has {len(methods)} methods; choose one by --method: {', '.join(names) or 'none'}")
    return methods[0]


def _name(method: Any) -> str:
    return f"{method.containing_service.full_name}/{method.name}"


class Remote:
    """A service's method, which can be asked. Whoever opens it closes it."""

    def __init__(self, channel: Any, method: Any) -> None:
        self._channel = channel
        self.method = _name(method)
        self.request_type: Any = GetMessageClass(method.input_type)
        answer: Any = GetMessageClass(method.output_type)
        self._call = channel.unary_unary(
            f"/{self.method}",
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=answer.FromString,
        )

    async def ask(self, request: Any, terms: Terms) -> Outcome:
        """One request. Raises Unreachable where the service is gone; what it says itself is the outcome."""
        metadata = [("comb-timing", "1"), *((name.lower(), value) for name, value in terms.headers.items())]
        if terms.arm is not None:
            metadata.append(("comb-arm", terms.arm))
        began = perf_counter()
        call = self._call(request, timeout=terms.timeout, metadata=metadata)
        answer, code, message = None, "OK", ""
        try:
            answer = await call
        except grpc.aio.AioRpcError as error:
            code, message = error.code().name, error.details() or ""
            if code == "UNAVAILABLE" and not list(await call.trailing_metadata()):
                raise Unreachable(f"the service went away: {message}") from error
        took = perf_counter() - began
        beside = [*(await call.initial_metadata()), *(await call.trailing_metadata())]
        told = {name: value for name, value in beside if isinstance(value, str)}
        return Outcome(answer, code, message, took, told, timed(told.get("server-timing", "")))

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()
