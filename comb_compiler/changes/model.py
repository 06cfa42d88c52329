"""The values of a comparison: from identities of objects to all that changes of a comb in a cluster."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from comb_compiler.changes.effects import Effects
from comb_compiler.diagnostics import Span
from comb_compiler.render.manifest import Pointer

__all__ = ["Cause", "CombChanges", "Fate", "Forbidden", "Found", "Hunk", "Identity", "ObjectChange", "Side", "Told"]


class Identity(NamedTuple):
    """What an object is known by, whatever version of its API it is written in. The namespace may be empty."""

    kind: str
    namespace: str
    name: str


class Found(NamedTuple):
    """An object of a rendered file, and where each of its parts comes from, as far as anybody knows."""

    identity: Identity
    file: str
    object: Mapping[str, Any]
    origin: Callable[[Pointer], Span | None]


class Side(NamedTuple):
    """What a cluster is told of a comb: before, or after. `subject` is what the gates prove of it."""

    objects: Mapping[Identity, Found]
    subject: str = ""
    unread: tuple[str, ...] = ()
    """Files that hold no object that could be read."""


class Fate(StrEnum):
    """What becomes of an object."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    REPLACED = "replaced"
    """Its name is made of its content: another comes, and this one is kept as long as pods read it."""


class Hunk(NamedTuple):
    """One part of an object that differs; None is what is not there.

    Where it is `folded`, that is why nobody needs to look at it. What is secret is not in it.
    """

    path: str
    before: Any
    after: Any
    origin: Span | None
    folded: str = ""


class Forbidden(NamedTuple):
    """A change that Kubernetes refuses: where, what it says of that, and where that is documented."""

    path: str
    why: str
    documented: str
    pointer: Pointer
    origin: Span | None


class ObjectChange(NamedTuple):
    """An object that differs. `text` is all of one that is new or goes, as YAML, without what is secret."""

    fate: Fate
    identity: Identity
    file: str
    hunks: tuple[Hunk, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    text: str = ""
    origin: Span | None = None

    @property
    def is_noise(self) -> bool:
        """Whether all of it is folded."""
        return self.fate is Fate.CHANGED and all(one.folded for one in self.hunks)


class Cause(StrEnum):
    """Whose doing a change is, where the two are told apart."""

    COMPILER = "compiler"
    """The same sources, rendered by this Comb instead of the one that published them."""
    SOURCES = "sources"


class Told(NamedTuple):
    """Where a cluster is told it."""

    cluster: str
    namespace: str


class CombChanges(NamedTuple):
    """All that changes of a comb in a cluster.

    `unchanged` counts objects, `reworded` those of them whose files are other bytes for the same object.
    """

    comb: str
    environment: str
    where: Told
    objects: tuple[ObjectChange, ...]
    effects: Effects
    unchanged: int
    reworded: int
    is_new: bool = False
    notes: tuple[str, ...] = ()
    cause: Cause | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the cluster is told the same, of which the gates prove the same."""
        return not self.objects and self.effects.proven

    def folded(self) -> dict[str, int]:
        """How many parts nobody needs to look at, by the reason."""
        counts: dict[str, int] = {}
        for one in self.objects:
            for hunk in one.hunks:
                if hunk.folded:
                    counts[hunk.folded] = counts.get(hunk.folded, 0) + 1
        return counts
