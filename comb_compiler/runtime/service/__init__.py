"""A comb as a service: its method over gRPC and as JSON over HTTP, with health, limits and an orderly end.

`python -m comb_compiler.runtime.service PLAN.json` runs one; `Service` is the same as a library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comb_compiler.runtime.service.assembly import Source, answering
    from comb_compiler.runtime.service.face import CannotServe, Ready, Served
    from comb_compiler.runtime.service.lifecycle import Stop, serve, until_stopped
    from comb_compiler.runtime.service.sentences import starting
    from comb_compiler.runtime.service.service import Addresses, Service
    from comb_compiler.runtime.service.settings import SETTINGS, BadSettings, Setting, Settings, read_settings
    from comb_compiler.runtime.service.web.front import curl_arguments

__all__ = [
    "SETTINGS",
    "Addresses",
    "BadSettings",
    "CannotServe",
    "Ready",
    "Served",
    "Service",
    "Setting",
    "Settings",
    "Source",
    "Stop",
    "answering",
    "curl_arguments",
    "read_settings",
    "serve",
    "starting",
    "until_stopped",
]

_HOMES = {
    "Addresses": "service",
    "BadSettings": "settings",
    "CannotServe": "face",
    "Ready": "face",
    "SETTINGS": "settings",
    "Served": "face",
    "Service": "service",
    "Setting": "settings",
    "Settings": "settings",
    "Source": "assembly",
    "Stop": "lifecycle",
    "answering": "assembly",
    "curl_arguments": "web.front",
    "read_settings": "settings",
    "serve": "lifecycle",
    "starting": "sentences",
    "until_stopped": "lifecycle",
}


def __getattr__(name: str) -> Any:
    """A name from its module, when it is asked for: the process sets what gRPC reads before gRPC is imported."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
