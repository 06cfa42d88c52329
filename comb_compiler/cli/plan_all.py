"""`comb plan --all`: a whole tree against what is there, in a time that follows what changed.

What is known from an earlier run costs a look at its files' stamps; else combs are compiled by several processes and
compared by their releases. Only those that differ are looked at object by object. What modules the fast way needs is
little, so that nothing else is loaded where nothing changed.
"""

import argparse
import gc
import os
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from comb_compiler.cli.check import platform_path
from comb_compiler.cli.tree_index import TreeIndex
from comb_compiler.cli.verdicts import VerdictCache, digest
from comb_compiler.release.place import TOP
from comb_compiler.release.release import FILE
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs

if TYPE_CHECKING:
    from comb_compiler.cli.plan_against import Compared, Work
    from comb_compiler.cli.plan_bases import Base
    from comb_compiler.cli.plan_compiling import Compiled
    from comb_compiler.cli.plan_opening import Here
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.diagnostics import Diagnostic
    from comb_compiler.release.images import Images

__all__ = ["Alike", "compare_tree"]

_FEW = 100
"""So many combs can be compiled with all garbage kept."""


class Alike(NamedTuple):
    """How many combs are what is there."""

    combs: int


class _Tree(NamedTuple):
    """What was asked, and what an earlier run knew of it."""

    checkout: Checkout
    arguments: argparse.Namespace
    known_before: TreeIndex
    begun: int
    mains: list[str]
    known: dict[str, str]
    platform: str


def compare_tree(
    checkout: Checkout, arguments: argparse.Namespace, images: "Images | None", cache: str | None
) -> "tuple[Compared | None, Alike]":
    """What differs of all combs that are named, and how many do not; None where none differs. Raises UsageError."""
    begun = time.time_ns()
    file = platform_path(arguments, checkout)
    assert file is not None
    is_directory = os.path.isdir(arguments.against)
    index = TreeIndex(cache if is_directory else None, _identity(checkout, arguments, file, images))
    mains = index.mains
    found: list[Any] = []
    if mains is None:
        mains, found = find_combs(checkout, arguments.paths)
    tree = _Tree(checkout, arguments, index, begun, mains, index.unchanged(mains), file)
    if len(tree.known) == len(mains) and not found and not _strangers(tree):
        return None, Alike(len(mains))
    if len(mains) - len(tree.known) < _FEW:
        gc.disable()  # what is known of a large tree would be looked through for garbage, again and again
    return _compared(tree, images, cache, found)


def _identity(
    checkout: Checkout, arguments: argparse.Namespace, platform: str, images: "Images | None"
) -> tuple[str, ...]:
    paths = sorted(os.path.abspath(path) for path in arguments.paths)
    against = os.path.abspath(arguments.against)
    named = (arguments.environment or "", arguments.published_from or "", digest(repr(images).encode()))
    return (checkout.root, platform, against, *named, *paths)


def _strangers(tree: _Tree) -> bool:
    """Whether there is a directory of a comb that nobody has any more: whose, its release says."""
    homes = tree.known_before.homes
    if homes is None:
        return True
    names = set(tree.known.values())
    return any(_other_names(os.path.join(tree.arguments.against, TOP), homes[one], names) for one in homes)


def _other_names(top: str, home: Any, names: set[str]) -> bool:
    clusters, namespace = home
    for cluster in clusters:
        place = os.path.join(top, cluster, namespace)
        if os.path.isdir(place) and not names.issuperset(os.listdir(place)):
            return True
    return False


def _compared(
    tree: _Tree, images: "Images | None", cache: str | None, found: list[Any]
) -> "tuple[Compared | None, Alike]":
    from comb_compiler.cli.plan_against import Compared, Work, read_platform
    from comb_compiler.cli.plan_bases import Published
    from comb_compiler.cli.plan_claims import said_of
    from comb_compiler.cli.plan_compiling import paths_of
    from comb_compiler.cli.plan_opening import homes_of, open_base
    from comb_compiler.diagnostics import in_reading_order
    from comb_compiler.workspace.watching import Watching

    arguments = tree.arguments
    watching = Watching(tree.checkout)
    here, environments, said = read_platform(watching, arguments, images, VerdictCache(cache).memo)
    if here is None:
        return Compared(arguments.against, (), in_reading_order((*found, *said))), Alike(0)
    common = (*paths_of(watching.root, watching.asked), *_own_policies(here))
    here = here._replace(checkout=tree.checkout)
    names = dict(tree.known)
    with ExitStack() as stack:
        base = open_base(arguments.against, here, stack)
        work = Work(here, base, _origins(here, base, arguments, stack))
        paths: dict[str, set[str]] = {}
        for environment in environments:
            _environment(tree, (here, base, work), environment, cache, names, paths)
            unread = [main for main in tree.mains if not names.get(main)]
            work.gone += ((one, environment) for one in base.gone(environment, names.values(), unread))
        beside = _beside(tree, (here, base, work), VerdictCache(cache), environments)
    differing = {main for main, _ in work.failed} | {one.comb for one in work.changes}
    alike = {main: name for main, name in names.items() if main not in differing and name not in differing}
    kept = {main: (name, paths.get(main, set())) for main, name in alike.items()}
    releases = said_of(base.read, arguments.against) if isinstance(base, Published) else {}
    _keep(tree, common, kept, homes_of(here.platform), releases)
    return work.done((*found, *said, *beside)), Alike(len(alike))


def _beside(
    tree: _Tree, at_work: "tuple[Here, Base, Work]", cache: VerdictCache, environments: tuple[str, ...]
) -> "list[Diagnostic]":
    """What is said of the combs that differ beside others of their teams."""
    from comb_compiler.cli.checking import Checking
    from comb_compiler.cli.plan_claims import known_releases

    here, base, work = at_work
    mains = list(dict.fromkeys(one.main for one in work.checked))
    if not mains:
        return []
    checking = Checking(here.checkout, cache, here.sources.main)
    return checking.beside(
        mains, environments, lambda: base.elsewhere(environments, known_releases(tree.known_before.said))
    )


def _own_policies(here: "Here") -> list[str]:
    """The paths of the policies that come with Comb, where the platform names them: no checkout has them."""
    from comb_compiler.workspace.policies import OWN, own_policies

    names = [one.removeprefix(f"{OWN}/") for one in here.sources.files if one.startswith(f"{OWN}/")]
    home = own_policies().root if names else ""
    return [home, *(os.path.join(home, name) for name in names)] if names else []


def _origins(here: "Here", base: "Base", arguments: argparse.Namespace, stack: ExitStack) -> Any:
    """Where what is published came from, if anything says it."""
    from comb_compiler.cli.plan_bases import Published
    from comb_compiler.cli.plan_published import PublishedFrom, commit_that_is_named
    from comb_compiler.cli.plan_stores import CommitStore

    if not isinstance(base, Published):
        return None
    if arguments.published_from is not None:
        commit_of = commit_that_is_named(here.checkout.root, arguments.published_from)
    elif isinstance(base.store, CommitStore):
        commit_of = base.store.sources()
    else:
        return None
    origins = PublishedFrom(here, base, commit_of)
    stack.callback(origins.close)
    return origins


def _environment(
    tree: _Tree,
    at_work: "tuple[Here, Base, Work]",
    environment: str,
    cache: str | None,
    names: dict[str, str],
    paths: dict[str, set[str]],
) -> None:
    from comb_compiler.cli.plan_compiling import Tree, compile_tree
    from comb_compiler.cli.plan_opening import homes_of

    here, base, work = at_work
    rendered = tree.arguments.against if os.path.isdir(os.path.join(tree.arguments.against, TOP)) else ""
    homes = dict(homes_of(here.platform))
    whole = Tree(tree.checkout.root, here.sources, environment, here.images, rendered, homes, cache)
    left = [main for main in tree.mains if main not in tree.known]
    differing: dict[str, Rendered | None] = {}
    for one in compile_tree(whole, left, base):
        names[one.main] = one.name
        paths.setdefault(one.main, set()).update(one.paths, _releases(here, environment, one, rendered))
        if not one.keys or base.keys(one.main, environment, one.name) != one.keys:
            differing[one.main] = one.rendered
    counts = Counter(names.values())
    differing |= {main: None for main, name in names.items() if counts[name] > 1 and main not in differing}
    work.environment(list(differing), environment, differing)


def _releases(here: "Here", environment: str, one: "Compiled", rendered: str) -> list[str]:
    """The paths of what is there of a comb, or may come to be there."""
    namespace = here.platform.environments[environment].namespace
    return [
        os.path.abspath(os.path.join(rendered, TOP, cluster, namespace, one.name, FILE))
        for cluster in here.platform.clusters
    ]


def _keep(
    tree: _Tree, common: Iterable[str], alike: dict[str, tuple[str, set[str]]], homes: Any, said: dict[str, Any]
) -> None:
    """Keep what this run found out, beside what is known already; nothing where it is no more than that.

    To write all of a large tree takes longer than to look once more which combs there are, so that a directory in which
    a file was replaced is no reason.
    """
    if tree.known_before.is_about(tree.mains) and alike.keys() <= tree.known.keys():
        return
    known = tree.known_before.paths_of(tree.known)
    combs = {main: (name, sorted(paths) or known.get(main, [])) for main, (name, paths) in alike.items()}
    tops = [os.path.abspath(path) for path in tree.arguments.paths]
    whole = {**tree.known_before.said, **said}
    tree.known_before.keep(tops, tree.mains, common, combs, tree.begun, homes, whole)
