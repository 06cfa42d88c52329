"""What a service is doing now: which face it shows, and whether it is ready or going. Both protocols look here."""

import asyncio
import logging
from collections.abc import Sequence

from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.service.arrivals import Arrivals
from comb_compiler.runtime.service.cohorts import Cohorts
from comb_compiler.runtime.service.face import Face, Ready
from comb_compiler.runtime.service.gate import Gate
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.terms import Terms

__all__ = ["Stage"]

_log = logging.getLogger("comb.service")
_ARRIVING = 2
"""How many bodies may be waited for, for each request that may be under way."""
_STARTING = ("it is starting",)
_GOING = ("it is shutting down",)


class Stage:
    """The state that the servers share. `face` is None until there is something to serve."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.gate = Gate(settings.requests)
        self.arrivals = Arrivals(_ARRIVING * settings.requests, settings.body_seconds)
        self.cohorts = Cohorts()
        self.face: Face | None = None
        self.parts: Sequence[Ready] | None = None
        """What has a say in whether requests should come; None while it is starting."""
        self.is_going = False
        self.ended = asyncio.Event()
        """Set when what lasts (a watched health, an idle connection) is to end."""

    @property
    def reasons(self) -> Sequence[str]:
        """Why requests should not come here now; empty when they may."""
        if self.is_going:
            return _GOING
        if self.parts is None:
            return _STARTING
        return tuple(reason for part in self.parts for reason in part.reasons())

    @property
    def key_header(self) -> str:
        """The header that has the sticky key; empty where none has."""
        return "" if self.face is None else self.face.key_header

    def require(self) -> Face:
        """What is served. Raises OperatorError (UNAVAILABLE) where there is nothing yet."""
        if self.face is None:
            raise OperatorError(Code.UNAVAILABLE, "the service is starting")
        return self.face

    def unexpected(self, error: Exception, terms: Terms) -> OperatorError:
        """What a caller is told of an exception that is none of an operator's; what it was is logged."""
        _log.error("request %s failed outside of its operators", terms.request_id, exc_info=error)
        return OperatorError(Code.INTERNAL, "the service failed; its log says more")
