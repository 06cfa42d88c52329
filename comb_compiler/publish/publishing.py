"""Rendered directories, or earlier ones, or none → one commit of the environment repository."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from comb_compiler.publish.errors import Refused
from comb_compiler.publish.landing import Change, Identity, Publication, check_history, land
from comb_compiler.publish.mirror import Mirror
from comb_compiler.publish.owned import Held, check_budget, held, is_anothers, is_generation, lost, not_ours
from comb_compiler.publish.shared import Shared, grafts_of, lost as lost_of_shared
from comb_compiler.publish.signing import Trust
from comb_compiler.publish.trees import Graft, read_blob
from comb_compiler.release.place import TOP, Place, platform_directory
from comb_compiler.release.release import FILE, parse_release, release_bytes

__all__ = ["Carry", "Follow", "Terms", "Wanted", "generations", "publish", "retire", "roll_back"]

_LISTED = "`comb history` lists the commits that can be gone back to"

Carry = Callable[[Mapping[str, bytes], Sequence[tuple[str, bytes]]], dict[str, bytes]]
"""The files of a directory with immutable ConfigMaps of earlier releases, which are given with the newest first."""


class Wanted(NamedTuple):
    """What a place is to hold: `files` by name, and its file in `_flux`."""

    place: Place
    files: Mapping[str, bytes]
    flux: bytes


Follow = Callable[[Wanted, Held], Wanted]
"""What a place is to hold, as it follows what it holds. Raises Refused where it may not follow that."""


class Terms(NamedTuple):
    """How commits are made: whom to trust, in whose name, how many objects may go, and what the message says.

    Who publishes `from_source` replaces what was published from elsewhere only with a reason to `take_over`, by what
    the releases say of themselves; who does not publishes again what is there.
    """

    trust: Trust
    identity: Identity
    budget: int
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    from_source: bool = False
    take_over: str = ""


def publish(
    mirror: Mirror,
    wanted: Sequence[Wanted],
    terms: Terms,
    carry: Carry,
    shared: Sequence[Shared] = (),
    follow: Follow | None = None,
) -> Publication:
    """Have every place hold what is wanted of it, all in one commit; where all of them do, there is none.

    `shared` is what clusters are to have for all combs. `follow` is asked again on each new head: what it makes of
    `wanted`, or refuses, is about the very state that the commit is built on. Raises Refused and PublishError as `land`
    does; then nothing has changed.
    """

    def build(head: str | None) -> Change:
        _check_ours(mirror, head)
        before = held(mirror.git, head, (one.place for one in wanted))
        pairs = list(zip(wanted, before, strict=True))
        taken = _taken(pairs) if terms.from_source else []
        if taken and not terms.take_over:
            raise not_ours(*taken[0])
        new = [follow(one, there) for one, there in pairs] if follow is not None else wanted
        after = {
            one.place: carry(one.files, generations(there, one.files)) for one, there in zip(new, before, strict=True)
        }
        _check_environments(before, after)
        check_budget([*lost(before, after), *lost_of_shared(mirror.git, head, shared)], terms.budget)
        placed = [graft for one in new for graft in _placed(one.place, after[one.place], one.flux)]
        placed += grafts_of(mirror.git, head, shared)
        facts = [("Comb-Platform", f"{platform_directory(one.cluster)} {one.digest}") for one in shared]
        facts += [_taken_over(one, terms.take_over) for one, _ in taken]
        return Change(tuple(placed), _message(terms, (*_releases(after), *facts)))

    return land(mirror, build, terms.trust, terms.identity)


def roll_back(mirror: Mirror, places: Sequence[Place], commit: str, terms: Terms, carry: Carry) -> Publication:
    """Publish again what `places` held at an earlier commit, on top of all that came since. Whose they are stays.

    Raises Refused where the commit is none of the branch's, or held none of the places.
    """
    head = check_history(mirror, terms.trust)
    _must_contain(mirror, head, commit)
    earlier = [one for one in held(mirror.git, commit, places) if one.release is not None]
    if not earlier:
        raise Refused(f"at {commit[:12]} the comb was not published", _LISTED)
    wanted = []
    for one in earlier:
        if one.release is not None and one.release.rollout is not None:
            raise Refused(f"at {commit[:12]} a candidate was on its way", "name a release from before or after that")
        if wrong := one.damage():
            raise Refused(f"what was published at {commit[:12]} was changed by hand: {wrong[0]}", _LISTED)
        assert one.flux is not None
        flux = read_blob(mirror.git, one.flux)
        wanted.append(Wanted(one.place, one.contents(), flux))
    return publish(mirror, wanted, terms, carry, follow=_still_owned)


def _still_owned(wanted: Wanted, there: Held) -> Wanted:
    """The same, that is whose the place is now: else nobody's, or another's, from whom it was taken over since."""
    then, now = parse_release(wanted.files[FILE]), there.release
    if now is None or now.source in ("", then.source):
        return wanted
    return wanted._replace(files={**wanted.files, FILE: release_bytes(then._replace(source=now.source))})


def retire(mirror: Mirror, places: Sequence[Place], environment: str, terms: Terms) -> Publication:
    """Empty the directories of a comb in an environment, and have Flux remove what they held.

    Raises Refused where none of `places` is the environment's.
    """

    def build(head: str | None) -> Change:
        found = held(mirror.git, head, places)
        before = [one for one in found if one.release is not None and one.release.environment == environment]
        if not before:
            raise Refused("the comb is not published there", "`comb history` says what became of it")
        check_budget(lost(before, {one.place: {} for one in before}), terms.budget)
        gone = [Graft(path) for one in before for path in (one.place.directory, one.place.flux_file)]
        return Change(tuple(gone), _message(terms, (("Comb-Retired", one.place.directory) for one in before)))

    return land(mirror, build, terms.trust, terms.identity)


def generations(before: Held, files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """The immutable ConfigMaps that a place holds and that `files` are without, the newest first."""
    if before.release is None:
        return []
    carried = before.release.carried
    own = [name for name in sorted(before.files) if is_generation(name) and name not in carried]
    names = [*own, *(name for name in carried if name in before.files and is_generation(name))]
    wanted = [name for name in names if name not in files or name in _carried_by(files)]
    found = before.contents(*wanted).items() if wanted else ()
    # What somebody changed by hand is no longer what its name says, and pods may as well do without.
    return [(name, content) for name, content in found if sha256(content).hexdigest() == before.release.files[name]]


def _carried_by(files: Mapping[str, bytes]) -> tuple[str, ...]:
    return parse_release(files[FILE]).carried if FILE in files else ()


def _placed(place: Place, files: Mapping[str, bytes], flux: bytes) -> tuple[Graft, Graft]:
    return Graft(place.directory, files), Graft(place.flux_file, {"": flux})


def _releases(after: Mapping[Place, Mapping[str, bytes]]) -> Iterable[tuple[str, str]]:
    subjects = {}
    for place, files in after.items():
        release = parse_release(files[FILE])
        subjects[release.comb] = release.subject
        yield "Comb-Release", f"{place.directory} {release.digest}"
    for comb, subject in sorted(subjects.items()):
        yield "Comb-Subject", f"{comb} {subject}"


def _taken(pairs: Iterable[tuple[Wanted, Held]]) -> list[tuple[Held, str]]:
    """What was published from elsewhere than what is to be there, and from where that is."""
    sources = [(there, parse_release(one.files[FILE]).source) for one, there in pairs]
    return [(there, source) for there, source in sources if is_anothers(there, source)]


def _taken_over(one: Held, why: str) -> tuple[str, str]:
    assert one.release is not None
    return "Comb-Taken-Over", f"{one.place.directory} from {one.release.source}: {why}"


def _message(terms: Terms, facts: Iterable[tuple[str, str]]) -> str:
    lines = (f"{name}: {' '.join(value.split())}\n" for name, value in (*terms.facts, *facts))
    return f"{' '.join(terms.title.split())}\n\n{''.join(lines)}"


def _check_environments(before: Iterable[Held], after: Mapping[Place, Mapping[str, bytes]]) -> None:
    for one in before:
        new = parse_release(after[one.place][FILE]).environment
        if one.release is not None and one.release.environment != new:
            raise Refused(
                f"`{one.place.directory}` belongs to `{one.release.environment}`, and this is for `{new}`",
                "two environments in one cluster need a namespace each, in platform.yaml",
            )


def _must_contain(mirror: Mirror, head: str | None, commit: str) -> None:
    if head is not None and not mirror.contains(head, commit):
        mirror.fetch_history()
    if head is None or not mirror.contains(head, commit):
        raise Refused(f"the environment repository's branch has no commit {commit[:12]}", _LISTED)


def _check_ours(mirror: Mirror, head: str | None) -> None:
    """Raises Refused where the repository holds something else than environments."""
    if head is None:
        return
    if b"\nComb-Compiler: " in mirror.git("log", "-1", "--format=%B", head, "--"):
        return
    names = {line.rpartition(b"\t")[2] for line in mirror.git("ls-tree", "-z", head).split(b"\0") if line}
    if names and TOP.encode() not in names:
        raise Refused(
            f"this is no environment repository: it holds other things, and no `{TOP}/`",
            f"look at the address; if it is to become one, commit a file in `{TOP}/` first, such as {TOP}/README.md",
        )
