"""Channels to other services: how they connect, and again, is said here for all of them."""

import json
from typing import Any

import grpc
import grpc.aio

__all__ = ["open_channel"]

_BALANCING: dict[str, Any] = {"loadBalancingConfig": [{"round_robin": {}}]}
"""Every address that a name has is used; and while none answers, that is known at once."""
_ALWAYS = (
    ("grpc.use_local_subchannel_pool", 1),  # what one engine has learned of a service is not another's to wait for
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
)
_PINGS = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # a ping of another purpose stands for it
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)


def open_channel(target: str, credentials: Any, most: int = -1, *, watched: bool = False) -> Any:
    """A channel of grpc.aio to what listens at a target; without credentials, one without TLS.

    A message may have `most` bytes, any where that is -1. One that is `watched` is asked for its health, so that calls
    go to who says that it serves; and pinged, so that one that is gone without a word, with its machine, is noticed
    within seconds. Servers that are not ours may take pings for an attack.
    """
    config = {**_BALANCING, "healthCheckConfig": {"serviceName": ""}} if watched else _BALANCING
    options = [
        ("grpc.service_config", json.dumps(config)),
        ("grpc.max_receive_message_length", most),
        ("grpc.max_send_message_length", most),
        *_ALWAYS,
        *(_PINGS if watched else ()),
    ]
    if credentials is None:
        return grpc.aio.insecure_channel(target, options=options)
    return grpc.aio.secure_channel(target, credentials, options=options)
