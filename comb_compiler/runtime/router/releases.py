"""The releases that may answer, and what parts users between them and their arms: made anew when weights change."""

import asyncio
from collections.abc import Callable, Coroutine
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.release import BadWeights, Candidate, Experiment, Weights, parse_weights
from comb_compiler.runtime.engine import Answering, CannotRun, Engine
from comb_compiler.runtime.engine.arms import Arms, arms_of, hashed
from comb_compiler.runtime.router.keys import key_header

if TYPE_CHECKING:
    import grpc

    from comb_compiler.runtime.router.remote import Remote

__all__ = ["CANDIDATE", "STABLE", "Release", "Releases", "Table"]

STABLE, CANDIDATE = "stable", "candidate"
"""What the two releases are called where they have no names; testers may ask for them by these words, too."""

_DRAIN = 30.0


class Release(NamedTuple):
    """What may answer, and how it chooses an arm by key: None where it does that itself."""

    name: str
    answering: Answering
    arm_of: Callable[[str], str | None]


class Table(NamedTuple):
    """What holds until the weights change. Of the lots, from 0 to 2⁶⁴, those below `share` are the candidate's.

    `lot` gives a hash that the key is still to be put into: the lot is in its first 8 bytes.
    """

    weights: Weights
    stable: Release
    candidate: Release | None
    share: int
    lot: Callable[[], blake2b]

    def of(self, key: str) -> Release:
        """The release of a user."""
        lot = self.lot()
        lot.update(key.encode("utf-8", "surrogatepass"))
        is_below = int.from_bytes(lot.digest()[:8], "big") < self.share
        return self.candidate if is_below and self.candidate is not None else self.stable


class Releases:
    """The stable engine and, perhaps, a candidate: a second engine, or what answers at the address in the weights.

    Raises CannotRun where both have one name.
    """

    def __init__(self, stable: Engine, candidate: Engine | None, credentials: "grpc.ChannelCredentials | None") -> None:
        if candidate is not None and (candidate.release or CANDIDATE) == (stable.release or STABLE):
            raise CannotRun(f"both releases have the name `{candidate.release or CANDIDATE}`")
        self._stable = stable
        self._beside = candidate
        self._credentials = credentials
        self._remote: Remote | None = None
        self._reached: Candidate | None = None
        self._partings: set[asyncio.Task[None]] = set()
        self.table = self._made(Weights())

    def take(self, content: bytes) -> bool:
        """The weights of a file hold from now on; whether they are others. Raises BadWeights, and changes nothing."""
        experiment = self._stable.plan.experiment
        weights = parse_weights(content, tuple(arm.name for arm in experiment.arms) if experiment else ())
        made = self._made(weights)
        is_new = made.weights != self.table.weights
        self.table = made
        return is_new

    def renew(self, credentials: "grpc.ChannelCredentials") -> None:
        """Connect by these from now on."""
        self._credentials = credentials
        if self._remote is not None:
            self._reached = None
            self.table = self._made(self.table.weights)

    async def close(self) -> None:
        """Close what is connected, also what still has requests under way."""
        for parting in self._partings:
            parting.cancel()
        await asyncio.gather(*self._partings, return_exceptions=True)
        if self._remote is not None:
            await self._remote.close()

    def _made(self, weights: Weights) -> Table:
        experiment = self._stable.plan.experiment
        arms: Arms | None = None
        if experiment is not None:
            arms = arms_of(experiment) if weights.arms is None else Arms(experiment.salt, weights.arms)
            weights = weights._replace(arms=arms.weights)
        wanted = weights.candidate
        if wanted is not None and wanted.release == (self._stable.release or STABLE):
            wanted = None  # this process is the candidate
        candidate = self._candidate(wanted, arms)
        return Table(
            weights=weights,
            stable=Release(self._stable.release or STABLE, self._stable, _none if arms is None else arms.of),
            candidate=candidate,
            share=0 if wanted is None else round(wanted.weight / 100 * 2**64),
            lot=hashed(self._stable.plan.comb, "rollout", candidate.name if candidate else "", size=16).copy,
        )

    def _candidate(self, wanted: Candidate | None, arms: Arms | None) -> Release | None:
        if wanted is not None and wanted.address:
            if self._beside is not None:
                raise BadWeights("`candidate.address` must be left out, since a second release runs in this process")
            if not self._stable.release:
                raise BadWeights("`candidate.address` needs a process that knows the name of its own release")
            return self._elsewhere(wanted)
        second = self._beside
        if wanted is not None and second is None:
            raise BadWeights("`candidate.address` must be there, since no second release runs in this process")
        name = CANDIDATE if second is None else second.release or CANDIDATE
        if wanted is not None and wanted.release not in ("", name):
            raise BadWeights(f"`candidate.release` is `{wanted.release}`, and `{name}` runs in this process")
        self._part()
        if second is None:
            return None
        return Release(name, second, _arm_there(arms, self._stable.plan.experiment, second.plan.experiment))

    def _elsewhere(self, wanted: Candidate) -> Release:
        from comb_compiler.runtime.dialling import open_channel  # grpc, where it is needed
        from comb_compiler.runtime.router.remote import Interface, Remote

        reached = wanted._replace(weight=0)
        if self._remote is None or reached != self._reached:
            self._part()
            plan = self._stable.plan
            answer_type = self._stable.messages[plan.method.output]
            interface = Interface(plan.method, self._stable.request_type, answer_type, key_header(plan.experiment))
            channel = open_channel(f"dns:///{wanted.address}", self._credentials)
            self._remote = Remote(wanted.release, interface, channel)
            self._reached = reached
        return Release(wanted.release, self._remote, _none)

    def _part(self) -> None:
        """Close a connection that is no longer wanted, when its requests have ended."""
        remote, self._remote = self._remote, None
        if remote is not None:
            self._spawn(remote.close(_DRAIN))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._partings.add(task)
        task.add_done_callback(self._partings.discard)


def _none(key: str) -> None:
    """The release has no experiment, or chooses the arm itself."""


def _arm_there(arms: Arms | None, here: Experiment | None, there: Experiment | None) -> Callable[[str], str | None]:
    """The candidate's arm: the stable release's, where it is one of the same experiment; else its own choice."""
    if there is None:
        return _none
    own = arms_of(there).of
    if arms is None or here is None or here.salt != there.salt:
        return own
    known = {arm.name for arm in there.arms}
    here_of = arms.of

    def arm_of(key: str) -> str:
        arm = here_of(key)
        return arm if arm in known else own(key)

    return arm_of
