"""A comb as a service: its method over gRPC and as JSON over HTTP, with health, limits and an orderly end.

`python -m comb_compiler.runtime.service PLAN.json` runs one; `Service` is the same as a library.
"""

from comb_compiler.runtime.service.assembly import Source, answering
from comb_compiler.runtime.service.face import CannotServe, Ready, Served
from comb_compiler.runtime.service.lifecycle import Stop, serve, until_stopped
from comb_compiler.runtime.service.service import Addresses, Service
from comb_compiler.runtime.service.settings import SETTINGS, BadSettings, Setting, Settings, read_settings
from comb_compiler.runtime.service.starting import starting
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
