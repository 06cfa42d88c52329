"""Descriptors for all connections that the settings allow: a process begins with fewer on many systems."""

import logging
import resource

from comb_compiler.runtime.service.settings import Settings

__all__ = ["with_room"]

_log = logging.getLogger("comb.service")
_OWN = 512
"""For files, operators' processes and peers."""
_EACH = 4
"""For each connection over HTTP, one over gRPC, and as many that are being closed while others come."""


def with_room(settings: Settings) -> Settings:
    """The settings with as many connections as there are descriptors for.

    The process's own limit is raised as far as it may be. Where that is not enough, fewer connections are taken, and
    the log says so: without a descriptor nobody could be told anything.
    """
    wanted = _OWN + _EACH * settings.connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most == wanted:
        return settings
    connections = max(1, (most - min(_OWN, most // 2)) // _EACH)
    _log.warning("the system allows %d descriptors, enough for %d connections each way", most, connections)
    return settings._replace(connections=connections)
