"""What all combs of a cluster share: the platform's own directory, and its files among those that Flux starts from."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from comb_compiler.publish.errors import Refused
from comb_compiler.publish.git import Git
from comb_compiler.publish.owned import LISTS, shown
from comb_compiler.publish.trees import Entry, Graft, listed
from comb_compiler.release.place import flux_directory, platform_directory

__all__ = ["Shared", "grafts_of", "lost"]

_OWN = "_"
"""How names of the platform's files among Flux's begin. Those of combs begin with a namespace, and none begins so."""


class Shared(NamedTuple):
    """What the platform is to have in a cluster: files by their names in its directory, and in Flux's."""

    cluster: str
    files: Mapping[str, bytes]
    flux: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """What names all of it."""
        lines = (f"{path}\0{sha256(content).hexdigest()}\n" for path, content in sorted(self.paths().items()))
        return sha256("".join(lines).encode()).hexdigest()

    def paths(self) -> dict[str, bytes]:
        """All of them, from the repository's root."""
        own, flux = platform_directory(self.cluster), flux_directory(self.cluster)
        files = {f"{own}/{name}": content for name, content in self.files.items()}
        return {**files, **{f"{flux}/{name}": content for name, content in self.flux.items()}}


def lost(git: Git, commit: str | None, wanted: Sequence[Shared]) -> list[str]:
    """The objects that are there and would go. Raises Refused where something is there that no publication makes."""
    if commit is None or not wanted:
        return []
    there = _there(git, commit, wanted)
    strange = [f"`{shown(path)}`, {entry.noun}" for path, entry in sorted(there.items()) if not entry.is_file]
    if strange:
        raise Refused(
            f"the environment repository holds {strange[0]}, where a file of the platform belongs", "move it away"
        )
    new = {path for one in wanted for path in one.paths()}
    return [path for path in sorted(there) if path not in new and path.rpartition("/")[2] not in LISTS]


def _there(git: Git, commit: str, wanted: Sequence[Shared]) -> dict[str, Entry]:
    owned = [(platform_directory(one.cluster), flux_directory(one.cluster)) for one in wanted]
    found = listed(git, commit, (path for pair in owned for path in pair))
    flux = tuple(f"{directory}/{_OWN}" for _, directory in owned)
    own = tuple(f"{directory}/" for directory, _ in owned)
    return {path: entry for path, entry in found.items() if path.startswith((*own, *flux))}


def grafts_of(git: Git, commit: str | None, wanted: Sequence[Shared]) -> Iterator[Graft]:
    """What makes them hold what is wanted, and nothing else."""
    there = _there(git, commit, wanted) if commit is not None and wanted else {}
    for one in wanted:
        yield Graft(platform_directory(one.cluster), one.files)
        flux = flux_directory(one.cluster)
        gone = [path for path in there if path.startswith(f"{flux}/") and path.rpartition("/")[2] not in one.flux]
        yield from (Graft(path) for path in gone)
        yield from (Graft(f"{flux}/{name}", {"": content}) for name, content in one.flux.items())
