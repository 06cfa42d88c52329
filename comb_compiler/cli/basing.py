"""The images to build on, for `comb lock`: tags that are named, by the digests that their registries have now."""

from collections.abc import Sequence

from comb_compiler.cli.exits import UsageError
from comb_compiler.spec.basepins import PinnedBase

__all__ = ["Basing"]


class Basing:
    """The bases that are `given`, each `registry/name:tag`; of none, those that a lock has, anew for an `upgrade`.

    Raises UsageError for what is none.
    """

    def __init__(self, given: Sequence[str], *, upgrade: bool) -> None:
        from comb_compiler.images.model import ImageError
        from comb_compiler.images.names import parse_tagged

        try:
            self._places = {one: parse_tagged(one) for one in given}
        except ImageError as problem:
            raise UsageError(f"--base: {problem}") from problem
        self._upgrade = upgrade
        self._known: dict[str, PinnedBase] = {}

    def __call__(self, before: tuple[PinnedBase, ...]) -> tuple[PinnedBase, ...]:
        """The bases that a lock is to have. Raises OutsideFailure."""
        if self._places:
            return tuple(map(self._asked, sorted(self._places)))
        return tuple(self._asked(one.image) for one in before) if self._upgrade else before

    def _asked(self, image: str) -> PinnedBase:
        from comb_compiler.cli.image.registries import asking_registries, connect
        from comb_compiler.images.names import parse_tagged

        if image not in self._known:
            place, tag = self._places.get(image) or parse_tagged(image)
            with asking_registries():
                from comb_compiler.images.registry import Repository

                self._known[image] = PinnedBase(image, Repository(connect(place), place.repository).digest(tag))
        return self._known[image]
