"""Combs of a tree → the keys of what they are rendered to, by several processes, from a cache where they are known.

An entry is found by the path, the environment, the platform's digest, the images and the compiler's fingerprint; it is
valid when the checkout answers everything that it was asked as it did then.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from comb_compiler.cli.plan_bases import Base, Given, Published, content_key
from comb_compiler.cli.plan_stores import DirectoryStore
from comb_compiler.cli.verdicts import VerdictCache, digest, fingerprint
from comb_compiler.compiler.render import Rendered, render_comb
from comb_compiler.plan import Plan
from comb_compiler.release.images import Images
from comb_compiler.source import SourceSet
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.operators import code_digest
from comb_compiler.workspace.sources import load_sources
from comb_compiler.workspace.store import ResultStore
from comb_compiler.workspace.watching import Watching

__all__ = ["Compiled", "Compiler", "Tree", "compile_tree", "paths_of"]

_FORM = 1
_MOST_ENTRIES = 20_000
_WORTH_IT = 24
"""Of fewer combs a process of their own costs more than it saves."""
_AT_ONCE = 16


class Compiled(NamedTuple):
    """What a comb is rendered to: the key of each directory; and the paths that this rests on.

    Without keys it has mistakes. What was `rendered` in this process is there, for who wants to look closer.
    """

    main: str
    name: str
    keys: dict[str, str]
    paths: tuple[str, ...]
    rendered: Rendered | None = None


class Tree(NamedTuple):
    """All that a process needs to know in order to compile some combs of a tree. `rendered` is a directory."""

    root: str
    platform: SourceSet
    environment: str
    images: Images | None
    rendered: str
    homes: dict[str, tuple[tuple[str, ...], str]]
    cache: str | None


class Compiler:
    """Compiles combs of one tree for one environment."""

    def __init__(self, tree: Tree, base: Base) -> None:
        self._tree = tree
        self._base = base
        self._checkout = Checkout(tree.root)
        self._memo = VerdictCache(tree.cache).memo
        self._store = ResultStore(os.path.join(tree.cache, "combs") if tree.cache else None, _MOST_ENTRIES)
        self._known: dict[str, str] = {}
        platform = b"".join(one for one in tree.platform.files.values() if isinstance(one, bytes))
        words = (str(_FORM), fingerprint() if tree.cache else "", tree.environment, digest(platform), repr(tree.images))
        self._key = "\0".join(words)

    def __call__(self, main: str) -> Compiled:
        """What a comb is rendered to."""
        return self._find(main) or self._compile(main)

    def _find(self, main: str) -> Compiled | None:
        kept = self._store.find(self._of(main))
        if kept is None:
            return None
        try:
            entry = json.loads(kept)
            if not Watching(self._checkout).says(entry["asked"], self._known):
                return None
            if entry["images"] != self._images(entry["name"])[1]:
                return None
            return Compiled(main, entry["name"], entry["keys"], paths_of(self._tree.root, entry["asked"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def _compile(self, main: str) -> Compiled:
        watching = Watching(self._checkout)
        sources = load_sources(watching, main, self._memo)
        used: list[str] = []

        def given(plan: Plan, comb: str) -> Images:
            images, identity = self._images(comb)
            used.append(identity)
            return images if isinstance(images, Images) else images(plan, comb)

        code = code_digest(watching, main)
        made = render_comb(sources, self._tree.platform, self._tree.environment, given, self._memo, code)
        keys = {one.directory: content_key(one.release) for one in made.clusters}
        compiled = Compiled(main, made.checked.name, keys, paths_of(self._tree.root, watching.asked), made)
        if keys and used and watching.is_whole:
            entry = {"asked": watching.asked, "name": compiled.name, "images": used[0], "keys": keys}
            self._store.keep(self._of(main), json.dumps(entry).encode())
        return compiled

    def _images(self, name: str) -> tuple[Given, str]:
        """The images of a comb, and what names them."""
        if self._tree.images is not None:
            return self._tree.images, ""
        return self._base.images(self._tree.environment, name), self._base.identity(self._tree.environment, name)

    def _of(self, main: str) -> str:
        return digest(f"{self._key}\0{main}".encode("utf-8", "surrogateescape"))


def paths_of(root: str, asked: dict[str, str]) -> tuple[str, ...]:
    """The paths of the file system that answers rest on."""
    found = dict.fromkeys(question.partition(" ")[2] for question in asked)
    return tuple(os.path.normpath(os.path.join(root, path)) for path in found)


_worker: Callable[[str], Compiled] | None = None
"""In a process of its own: what compiles there."""


def _begin(tree: Tree) -> None:
    global _worker  # noqa: PLW0603  a process has one tree
    _worker = Compiler(tree, Published("", DirectoryStore(tree.rendered), tree.homes))


def _some(mains: Sequence[str]) -> list[Compiled]:
    assert _worker is not None
    return [_worker(main)._replace(rendered=None) for main in mains]


def compile_tree(tree: Tree, mains: Sequence[str], base: Base) -> Iterator[Compiled]:
    """All of these combs, in their order; in several processes where there are many and `rendered` says what of."""
    processes = min(os.cpu_count() or 1, len(mains) // _AT_ONCE)
    if processes < 2 or len(mains) < _WORTH_IT or not tree.rendered:
        some = map(Compiler(tree, base), mains)
        yield from some if len(mains) < _WORTH_IT else (one._replace(rendered=None) for one in some)
        return
    parts = [mains[start : start + _AT_ONCE] for start in range(0, len(mains), _AT_ONCE)]
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (tree,)) as pool:
        for done in pool.map(_some, parts):
            yield from done
