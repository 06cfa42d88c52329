"""How far a comb's rollout is, as the environment repository has it: nothing of it is kept anywhere else."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.repositories import Target, opened
from comb_compiler.compiler.rollout import BadStable, Stable, read_stable
from comb_compiler.publish import Held, Mirror, Publication, Refused, Terms, Trust, Wanted, publish
from comb_compiler.publish.owned import held
from comb_compiler.publish.publishing import Carry
from comb_compiler.publish.records import Record, history
from comb_compiler.publish.trees import read_blob
from comb_compiler.release.place import Place

if TYPE_CHECKING:
    from comb_compiler.release.release import Rollout

__all__ = ["BASIS", "TRAILER", "Moved", "Published", "State", "commit", "kept_facts", "read_state", "started_by"]

TRAILER = "Comb-Rollout"
"""What a commit of a rollout says of itself: the comb, what was done, and how far it is."""
BASIS = ("Comb-Source", "Comb-Evidence", "Comb-Emergency")
"""What commits say of where their files come from: it goes on to those that publish the same again."""


class Moved(Refused):
    """Somebody else was faster: what was decided is about a state that is no more. Nothing was changed."""


class Published(NamedTuple):
    """What a place holds: all files by name, its file for Flux, the stable release, and the digest of the whole."""

    files: Mapping[str, bytes]
    flux: bytes
    stable: Stable
    digest: str


class State(NamedTuple):
    """What an environment holds of a comb, and what its history says, the newest first."""

    places: Mapping[Place, Published]
    missing: tuple[Place, ...]
    records: Sequence[Record]

    @property
    def under_way(self) -> "Mapping[Place, Rollout]":
        """The places with a candidate."""
        found = {place: one.stable.rollout for place, one in self.places.items()}
        return {place: rollout for place, rollout in found.items() if rollout is not None}


def read_state(target: Target, comb: str, trust: Trust) -> State:
    """The state on the server now. Raises Refused where what is there is not as publications leave it."""
    places = target.places(comb)
    with opened(target) as mirror:
        records = history(mirror, places, trust)
        there = held(mirror.git, mirror.seen, places)
        found = {one.place: _published(mirror, one) for one in there if one.release is not None}
    return State(found, tuple(one.place for one in there if one.release is None), records)


def _published(mirror: Mirror, one: Held) -> Published:
    assert one.release is not None
    if one.flux is None:
        raise Refused(f"`{one.place.flux_file}` is missing from the environment repository", "publish the comb again")
    files = one.contents()
    try:
        stable = read_stable(files)
    except BadStable as problem:
        message = f"`{one.place.directory}` of the environment repository: {problem}"
        raise Refused(message, "`comb rollback` brings an earlier release back as it was") from problem
    return Published(files, read_blob(mirror.git, one.flux), stable, one.release.digest)


def commit(
    target: Target, state: State, wanted: Sequence[Wanted], terms: Terms, carry: Carry | None = None
) -> Publication:
    """One commit, on top of the very state that was looked at. Raises Moved where that has changed."""

    def follow(one: Wanted, there: Held) -> Wanted:
        now = there.release.digest if there.release is not None else ""
        if now != state.places[one.place].digest:
            raise Moved(f"`{one.place.directory}` has changed meanwhile", "look again")
        return one

    # What goes is the candidate's, which nobody asked to keep; the rest is held against --allow-prune before.
    everything = terms._replace(budget=sum(len(one.files) for one in state.places.values()))
    with opened(target) as mirror:
        return publish(mirror, wanted, everything, carry or _as_they_are, follow=follow)


def _as_they_are(files: Mapping[str, bytes], earlier: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """A directory with a candidate has what the stable release carries, and the stable release what it had."""
    del earlier
    return dict(files)


def kept_facts(record: Record | None) -> tuple[tuple[str, str], ...]:
    """What a commit says of the sources of what it published, for another that publishes the same."""
    return tuple(fact for fact in record.facts if fact[0].startswith(BASIS)) if record is not None else ()


def started_by(state: State) -> str:
    """Since when a candidate is on its way and who began, in words."""
    for one in state.records:
        if any(name == TRAILER and value.split(" ")[1:2] == ["started"] for name, value in one.facts):
            return f"since {one.moment} by {one.by} ({one.commit[:12]})"
    return "since nobody knows when"
