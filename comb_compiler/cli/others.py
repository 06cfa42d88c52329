"""What all combs of a checkout claim: known from an earlier run, of those whose files are as they were."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from comb_compiler.cli.tree_index import TreeIndex
from comb_compiler.cli.verdicts import Verdict
from comb_compiler.release.claims import Claim
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs

__all__ = ["Others"]

_FEW = 50
"""So many verdicts are sooner read than all that is known is written."""


class Others:
    """The combs of a checkout.

    `directory` is where it is kept what they claim, None nowhere; `identity` are words for all that verdicts rest on
    beside files of the checkout; `begun` is before any of them was read, in nanoseconds since 1970.
    """

    def __init__(self, checkout: Checkout, directory: str | None, identity: Iterable[str], begun: int) -> None:
        self._begun = begun
        self._checkout = checkout
        self._index = TreeIndex(directory, ("beside", checkout.root, *identity))

    def verdicts(self, more: Iterable[str], verdict: Callable[[str], Verdict]) -> list[Verdict]:
        """What is said of each comb of the checkout and of `more`; of those that are known only what they claim."""
        index, root = self._index, self._checkout.root
        known_mains = index.mains
        mains = known_mains if known_mains is not None else find_combs(self._checkout, [root]).combs
        names, said = index.unchanged(mains), index.said
        known = {
            main: _known(main, name, said[path]) for main, name in names.items() if (path := self._path(main)) in said
        }
        asked = {main: verdict(main) for main in (*mains, *more) if main not in known}
        if not index.is_about(mains) or len(asked) > _FEW:
            self._keep(mains, known, asked)
        return [*known.values(), *asked.values()]

    def _path(self, name: str) -> str:
        return os.path.normpath(os.path.join(self._checkout.root, name))

    def _keep(self, mains: list[str], known: dict[str, Verdict], asked: dict[str, Verdict]) -> None:
        paths = self._index.paths_of(known)
        whole = set(mains)
        for main, one in asked.items():
            if one.rests_on is not None and main in whole:
                paths[main] = sorted({self._path(name) for name in (main, *one.rests_on)})
        found = {main: one for main, one in {**known, **asked}.items() if main in paths}
        combs = {main: (one.name, paths[main]) for main, one in found.items()}
        said = {self._path(main): (one.kind, dict(one.claims)) for main, one in found.items()}
        self._index.keep([self._checkout.root], mains, (), combs, self._begun, said=said)


def _known(main: str, name: str, said: Any) -> Verdict:
    kind, claims = said
    return Verdict(main, kind, name, None, (), {environment: Claim(*one) for environment, one in claims.items()})
