"""The router: which release (stable or candidate) and which arm answers a request; and who was exposed to what."""

from comb_compiler.runtime.router.exposure import Exposure
from comb_compiler.runtime.router.keys import key_header
from comb_compiler.runtime.router.metrics import measures
from comb_compiler.runtime.router.mismatch import mismatch
from comb_compiler.runtime.router.router import Router
from comb_compiler.runtime.router.status import status_of

__all__ = ["Exposure", "Router", "key_header", "measures", "mismatch", "status_of"]
