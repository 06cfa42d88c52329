"""What a comb's directory in the environment repository holds, and whether it may be replaced."""

import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.publish.errors import Refused
from comb_compiler.publish.git import Git
from comb_compiler.publish.trees import Entry, fetch_blobs, listed, read_blob, read_blobs
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE, BadRelease, Release, parse_release
from comb_compiler.release.repository import may_be_same

__all__ = ["LISTS", "Held", "check_budget", "held", "is_anothers", "is_generation", "lost", "not_ours", "shown"]

_MOST_SHOWN = 5
_AWAY = "move it away"
_BACK = "a newer Comb wrote it, or a hand: use that Comb, take the change back, or move the directory away"
LISTS = (FILE, "kustomization.yaml")
"""What is in every directory, and no object."""
_GENERATION = re.compile(r"configmap-.+-(?:plan|store)-[0-9a-f]{10}[.]yaml")


class Held(NamedTuple):
    """What a place holds at a commit: files by name, and its release; neither where it was never published."""

    place: Place
    git: Git
    commit: str | None
    files: Mapping[str, Entry] = {}
    flux: Entry | None = None
    release: Release | None = None

    def contents(self, *names: str) -> dict[str, bytes]:
        """The directory's files, or some of them, by name: fetched together, where they are not here."""
        wanted = {name: self.files[name] for name in names or self.files}
        if not wanted:
            return {}
        fetch_blobs(self.git, f"{self.commit}:{self.place.directory}", wanted.values())
        return dict(zip(wanted, read_blobs(self.git, wanted.values()), strict=True))

    def damage(self) -> list[str]:
        """What is other than release.json says, as sentences."""
        if self.release is None:
            return []
        here, contents = self.place.directory, self.contents()
        said = [f"{here}/{name} is missing" for name in sorted(set(self.release.files) - set(contents))]
        for name, digest in sorted(self.release.files.items()):
            if name in contents and sha256(contents[name]).hexdigest() != digest:
                said.append(f"{here}/{name} is not what release.json says")
        if self.flux is None:
            said.append(f"{self.place.flux_file} is missing")
        elif sha256(read_blob(self.git, self.flux)).hexdigest() != self.release.flux:
            said.append(f"{self.place.flux_file} is not what release.json says")
        return said


def held(git: Git, commit: str | None, places: Iterable[Place]) -> list[Held]:
    """What each place holds at `commit`. Raises Refused where something is there that no publication put there."""
    places = list(places)
    if commit is None or not places:
        return [Held(place, git, commit) for place in places]
    found = listed(git, commit, (path for place in places for path in (place.directory, place.flux_file)))
    return [_held(git, commit, place, found) for place in places]


def _held(git: Git, commit: str, place: Place, found: Mapping[str, Entry]) -> Held:
    prefix = f"{place.directory}/"
    files = {path.removeprefix(prefix): entry for path, entry in found.items() if path.startswith(prefix)}
    flux = found.get(place.flux_file)
    if place.directory in found and found[place.directory].mode != "040000":
        what = found[place.directory].noun
        raise Refused(f"`{place.directory}` is {what}, where the directory of a comb belongs", _AWAY)
    if flux is not None and not flux.is_file:
        raise Refused(f"`{place.flux_file}` is {flux.noun}, where a file belongs", _AWAY)
    strange = [f"`{shown(name)}`, {entry.noun}" for name, entry in sorted(files.items()) if not entry.is_file]
    if strange:
        raise _foreign(place, strange)
    release = _release(git, place, files.get(FILE))
    foreign = [f"`{shown(name)}`" for name in sorted(files) if not (release and name in {FILE, *release.files})]
    if foreign:
        raise _foreign(place, foreign)
    if flux is not None and release is None:
        raise Refused(f"`{place.flux_file}` is there, and no publication of the comb put it there", _AWAY)
    return Held(place, git, commit, files, flux, release)


def shown(name: str) -> str:
    """The name of a file, fit to be shown."""
    return printable(name.replace("\n", "␤"))


def _foreign(place: Place, names: Collection[str]) -> Refused:
    named = ", ".join(list(names)[:_MOST_SHOWN])
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return Refused(
        f"`{place.directory}` of the environment repository holds {named}{more}, which its release.json does not list",
        f"{_AWAY}: a directory is its comb's alone",
    )


def _release(git: Git, place: Place, entry: Entry | None) -> Release | None:
    if entry is None:
        return None
    try:
        release = parse_release(read_blob(git, entry))
    except BadRelease as problem:
        raise Refused(f"`{place.directory}/{FILE}` is no release.json: {problem}", _BACK) from problem
    if (release.cluster, release.namespace, release.comb) != place:
        raise Refused(
            f"`{place.directory}/{FILE}` is of another comb: `{release.cluster}/{release.namespace}/{release.comb}`",
            _BACK,
        )
    return release


def lost(before: Iterable[Held], after: Mapping[Place, Mapping[str, bytes]]) -> list[str]:
    """The objects that were published in places of `after`, and would go.

    Immutable ConfigMaps are not among them: a name that its content makes goes when another has come, and is carried on
    as long as pods may need it.
    """
    return [
        f"{one.place.directory}/{name}"
        for one in before
        if one.release is not None and one.place in after
        for name in sorted(set(one.files) - set(after[one.place]))
        if not is_generation(name) and name not in LISTS
    ]


def check_budget(gone: list[str], budget: int) -> None:
    """Raises Refused where more objects would go than `budget`."""
    if len(gone) > budget:
        named = "".join(f"\n  {name}" for name in gone[:_MOST_SHOWN])
        more = f"\n  and {len(gone) - _MOST_SHOWN} more" if len(gone) > _MOST_SHOWN else ""
        raise Refused(
            f"{len(gone)} object{'s' if len(gone) > 1 else ''} would be removed, and {budget} may be:{named}{more}",
            f"if that is meant, say --allow-prune {len(gone)}",
        )


def is_anothers(one: Held, source: str) -> bool:
    """Whether a place holds what was published from another directory than `source`, or from another repository."""
    owner = one.release.source if one.release is not None else ""
    return bool(owner) and not may_be_same(owner, source)


def not_ours(one: Held, source: str) -> Refused:
    """What is said where that is not to be replaced."""
    assert one.release is not None
    owner = printable(one.release.source)
    here = f"this is `{printable(source)}`" if source else "git names no remote `origin` here that would say it is that"
    return Refused(
        f"`{one.place.directory}` was published from `{owner}`, and {here}",
        "publish it from there, or give this comb another name, or its environment another namespace;\n"
        "if it has moved here, say so and why: comb publish --take-over REASON",
    )


def is_generation(name: str) -> bool:
    """Whether a file holds a ConfigMap under a name that its content made."""
    return _GENERATION.fullmatch(name) is not None
