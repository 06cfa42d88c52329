"""A grpc.aio server with the limits of the settings."""

from typing import Any

import grpc
import grpc.aio

from comb_compiler.runtime.service.face import CannotServe
from comb_compiler.runtime.service.rpc.handlers import Calls
from comb_compiler.runtime.service.rpc.health import Health
from comb_compiler.runtime.service.rpc.reflection import Reflection
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.tls import Certificates

__all__ = ["open_server"]

_METADATA_BYTES = 16 * 1024
_MORE_STREAMS = 1000
"""Streams of one connection beyond the requests that are taken on: a client that keeps to its streams would wait for
one, where it is to be told at once that there are too many."""
_PING_EVERY = 60.0
_PING_PATIENCE = 20.0
_MOST_PINGS_EVERY = 5.0
"""A client may ping this often: less is taken for an attack, and meets GOAWAY."""


async def open_server(stage: Stage, certificates: Certificates | None = None) -> tuple[Any, int]:
    """The server, which listens, and its port. Raises CannotServe."""
    settings = stage.settings
    server = grpc.aio.server(options=_options(settings))
    others = (Reflection(stage),) if settings.reflection else ()
    server.add_generic_rpc_handlers((Calls(stage, (Health(stage), *others)),))
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        if certificates is None:
            port = server.add_insecure_port(f"{address}:{settings.grpc_port}")
        else:
            port = server.add_secure_port(f"{address}:{settings.grpc_port}", certificates.credentials())
    except RuntimeError as error:
        where = f"{address}:{settings.grpc_port}"
        raise CannotServe(f"gRPC cannot listen on {where}: is it taken? (see --host, --grpc-port)") from error
    await server.start()
    return server, port


def _options(settings: Settings) -> list[tuple[str, int]]:
    options = [
        ("grpc.so_reuseport", 0),  # a second service on the port is a mistake to be told, not to be shared with
        ("grpc.max_receive_message_length", settings.message_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", _METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", _METADATA_BYTES),
        ("grpc.max_concurrent_streams", settings.requests + _MORE_STREAMS),
        ("grpc.server_handshake_timeout_ms", int(settings.head_seconds * 1000)),
        ("grpc.max_allowed_incoming_connections", settings.connections),
        ("grpc.max_connection_idle_ms", int(settings.idle_seconds * 1000)),  # else idle ones keep others out
        ("grpc.keepalive_time_ms", int(_PING_EVERY * 1000)),
        ("grpc.keepalive_timeout_ms", int(_PING_PATIENCE * 1000)),
        ("grpc.http2.min_ping_interval_without_data_ms", int(_MOST_PINGS_EVERY * 1000)),
    ]
    if settings.connection_age:
        options.append(("grpc.max_connection_age_ms", int(settings.connection_age * 1000)))
        options.append(("grpc.max_connection_age_grace_ms", int(settings.drain * 1000)))
    return options
