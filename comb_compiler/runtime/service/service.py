"""The service: opens its ports, shows a face, and goes."""

import asyncio
from types import TracebackType
from typing import Any, NamedTuple, Self

from comb_compiler.runtime.service.face import Face, Served
from comb_compiler.runtime.service.rpc import open_server
from comb_compiler.runtime.service.settings import Settings
from comb_compiler.runtime.service.stage import Stage
from comb_compiler.runtime.service.tls import open_certificates
from comb_compiler.runtime.service.web import WebServer
from comb_compiler.runtime.service.web.site import Site

__all__ = ["Addresses", "Service", "address_of"]


_LEAVE = 2.0
"""Seconds that clients have for leaving where connections have no age."""
_JITTER = 1.2
"""gRPC lets connections grow older than their age by a tenth, so that not all come anew at once."""


class Addresses(NamedTuple):
    """Where a service listens, as `host:port`."""

    grpc: str
    http: str


class Service:
    """Listens from `start` on; says that it is starting until `show` gives it something to serve.

    What it shows may be replaced at any time: requests that are under way end where they began. Raises CannotServe for
    certificates that are none.
    """

    def __init__(self, settings: Settings) -> None:
        self._stage = Stage(settings)
        self._grpc: Any = None
        self._certificates = open_certificates(settings)
        self._web = WebServer(Site(self._stage).respond, settings, self._certificates)
        self.addresses = Addresses("", "")

    @property
    def is_going(self) -> bool:
        """Whether it has said that it is going."""
        return self._stage.is_going

    @property
    def certificate_changes(self) -> int:
        """How often its certificates have changed since it began."""
        return 0 if self._certificates is None else self._certificates.changes

    @property
    def connections(self) -> int:
        """How many HTTP connections are open."""
        return self._web.connections

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen. Raises CannotServe; then nothing listens."""
        settings = self._stage.settings
        web = await self._web.start()
        try:
            self._grpc, rpc = await open_server(self._stage, self._certificates)
        except BaseException:
            await self._web.stop(0.0)
            raise
        self.addresses = Addresses(address_of(settings.host, rpc), address_of(settings.host, web))

    def show(self, served: Served) -> None:
        """Serve this from now on. Raises CannotServe, and then what was served before still is."""
        self._stage.face = Face(served, forced_arms=self._stage.settings.forced_arms)
        self._stage.parts = served.ready

    async def drain(self) -> bool:
        """Say that it is going, serve on until balancers have heard it and clients have left, then take no more.

        Clients leave when they watch its health, or when their connection has had its age. gRPC's own way to make them
        leave, in `stop`, cancels what they send until they hear of it. Whether all that was under way has ended.
        """
        settings, gate = self._stage.settings, self._stage.gate
        self._stage.is_going = True
        await asyncio.sleep(settings.settle)
        await gate.quiet(max(_LEAVE, _JITTER * settings.connection_age))
        self._stage.ended.set()
        grace = settings.drain
        _, _, is_empty = await asyncio.gather(self._grpc.stop(grace), self._web.stop(grace), gate.empty(grace))
        return is_empty

    async def close(self) -> None:
        """Stop at once."""
        self._stage.is_going = True
        self._stage.ended.set()
        if self._grpc is not None:
            await self._grpc.stop(None)
        await self._web.stop(0.0)


def address_of(host: str, port: int) -> str:
    """As `host:port`, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
