"""The images that a comb's own are built on, as comb.lock pins them: its member `bases`."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from comb_compiler.source.nodes import Path

__all__ = ["TAGGED", "PinnedBase", "bases_from", "bases_member", "bases_problems"]

TAGGED = r"[a-z0-9][-._a-z0-9]*(:[0-9]{1,5})?(/[a-z0-9][-._a-z0-9]*)+:[A-Za-z0-9_][-._A-Za-z0-9]{0,127}"
"""An image by a tag, with its registry."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class PinnedBase(NamedTuple):
    """An image by the tag that was asked for, and the digest, `sha256:…`, that the registry had for it."""

    image: str
    digest: str

    def __str__(self) -> str:
        return f"{self.image.rpartition(':')[0]}@{self.digest}"


def bases_member(bases: Sequence[PinnedBase]) -> list[dict[str, str]]:
    """The member, as JSON has it."""
    return [one._asdict() for one in bases]


def bases_from(member: Sequence[Any]) -> tuple[PinnedBase, ...]:
    """The bases of a member without problems."""
    return tuple(PinnedBase(one["image"], one["digest"]) for one in member)


def bases_problems(member: Any) -> Iterator[tuple[Path, str]]:
    """Places of a member that is none, and what is wrong there."""
    if not isinstance(member, list):
        yield (), "`bases` must be a list"
        return
    seen = set()
    for index, one in enumerate(member):
        if not _is_base(one):
            yield (index,), "a base must have its `image`, as `registry/name:tag`, and its `digest`, and nothing else"
        elif one["image"] in seen:
            yield (index, "image"), "this base is pinned already"
        else:
            seen.add(one["image"])


def _is_base(one: Any) -> bool:
    if not isinstance(one, dict) or set(one) != {"image", "digest"}:
        return False
    image, digest = one["image"], one["digest"]
    return (
        isinstance(image, str)
        and isinstance(digest, str)
        and re.fullmatch(TAGGED, image) is not None
        and _DIGEST.fullmatch(digest) is not None
    )
