"""Routes each request to a release and an arm of its experiment, and counts who was exposed to what."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from comb_compiler.release import Weights
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine import Engine, Finished, Probe
from comb_compiler.runtime.messages import Message
from comb_compiler.runtime.router.exposure import ASSIGNED, FAILOVER, FORCED, KEYLESS, NOBODY, Exposure
from comb_compiler.runtime.router.keys import key_header, key_reader
from comb_compiler.runtime.router.releases import CANDIDATE, STABLE, Release, Releases, Table
from comb_compiler.runtime.router.watching import WeightsFile

if TYPE_CHECKING:
    import grpc

__all__ = ["Router"]

_MASK = 2**64 - 1
"""Makes Python's hash of a text even from 0 to 2⁶⁴: SipHash, with another key in each process, where users stay."""


class Router:
    """Routes requests to the stable release and, for a part of the users, to a candidate.

    `async with Router(engine) as router: …`, where engines are started before, and closed after, by whoever made them.
    The candidate is a second engine of the same method, or the address that the weights name. `weights` is a file that
    is looked at each `every` seconds, see `WeightsFile`; until it is good, comb.yaml's weights hold and nobody gets the
    candidate. `credentials` are for TLS with an address; without them there is none. Raises CannotRun at the start,
    for releases of one name and for a sticky key that no request can have.
    """

    def __init__(
        self,
        stable: Engine,
        candidate: Engine | None = None,
        *,
        weights: Path | None = None,
        every: float = 1.0,
        credentials: "grpc.ChannelCredentials | None" = None,
    ) -> None:
        self.stable = stable
        self.key_header = key_header(stable.plan.experiment)
        self.exposure = Exposure()
        self.failovers = 0
        """Requests that the candidate was to have, and the stable release took since it was down."""
        self.refused: dict[str, int] = {}
        """Requests that were not taken on, by release; of those that failed over, by the candidate."""
        self.file = WeightsFile(weights, self.take) if weights else None
        self._candidate = candidate
        self._credentials = credentials
        self._every = every
        self._key_of: Callable[[Any], str]
        self._releases: Releases
        self._watching: asyncio.Task[None] | None = None

    @property
    def request_type(self) -> type[Message]:
        """The class of requests. One of another class, but the same name, is converted."""
        return self.stable.request_type

    @property
    def release(self) -> str:
        """The name of the stable release."""
        return self.stable.release or STABLE

    @property
    def weights(self) -> Weights:
        """What holds now; the arms' weights are written out where there is an experiment."""
        return self._releases.table.weights

    @property
    def share(self) -> float:
        """The part of the users that the candidate gets now, from 0 to 1."""
        return self._releases.table.share / 2**64

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Take the weights of comb.yaml, then those of the file where it is good, and watch it."""
        self._key_of = key_reader(self.stable.plan.experiment, self.request_type)
        self._releases = Releases(self.stable, self._candidate, self._credentials)
        if self.file is not None:
            await self.file.look()
            self._watching = asyncio.create_task(self.file.watch(self._every))

    async def close(self) -> None:
        """Stop watching, and part from a candidate elsewhere; requests that it has under way are ended."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self._releases.close()

    def take(self, content: bytes) -> None:
        """Other weights hold from now on: those of a file's content. Raises BadWeights, and changes nothing."""
        if self._releases.take(content):
            self.exposure.begin_again()

    def renew(self, credentials: "grpc.ChannelCredentials") -> None:
        """Speak to a candidate elsewhere by these from now on; requests that it has under way end as they began."""
        self._releases.renew(credentials)

    async def run(
        self,
        request: Message,
        *,
        within: float | None = None,
        key: str = "",
        arm: str | None = None,
        request_id: str = "",
        release: str | None = None,
        traceparent: str = "",
    ) -> Finished:
        """See `Answering`. A key that is a field of the request is read here; `release` forces one, by its name."""
        table = self._releases.table
        said = key.strip() or self._key_of(request)
        key = said or token_hex(8)  # who has no key must not always be drawn alike
        how = FORCED if arm is not None or release is not None else ASSIGNED if said else KEYLESS
        chosen = table.stable if not table.share else table.of(key)
        if release is not None:
            chosen = _named(table, release)
        began = monotonic()
        try:
            finished = await chosen.answering.run(
                request,
                within=within,
                key=said,
                arm=chosen.arm_of(key) if arm is None else arm,
                request_id=request_id,
                traceparent=traceparent,
            )
        except OperatorError as error:
            self.refused[chosen.name] = self.refused.get(chosen.name, 0) + 1
            if chosen is table.stable or how is FORCED or error.code is not Code.UNAVAILABLE:
                raise
            self.failovers += 1
            chosen, how = table.stable, FAILOVER
            left = None if within is None else within - (monotonic() - began)
            finished = await chosen.answering.run(
                request,
                within=left,
                key=said,
                arm=chosen.arm_of(key),
                request_id=request_id,
                traceparent=traceparent,
            )
        if type(request_id) is not Probe:
            user = hash(key) & _MASK if table is self._releases.table else NOBODY
            self.exposure.count(chosen.name, finished.arm, how, user)
        return finished


def _named(table: Table, name: str) -> Release:
    if name in (STABLE, table.stable.name):
        return table.stable
    if table.candidate is not None and name in (CANDIDATE, table.candidate.name):
        return table.candidate
    raise OperatorError(Code.INVALID_ARGUMENT, f"there is no release `{name}`")
