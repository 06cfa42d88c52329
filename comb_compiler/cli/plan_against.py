"""`comb plan --against`: what a change does in each cluster, compared with what was there."""

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from comb_compiler.changes import CombChanges, Told, compare
from comb_compiler.changes.model import Side
from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import same_names
from comb_compiler.cli.environments import must_have_environment
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_bases import Base, Before, Published, Then, Unrendered
from comb_compiler.cli.plan_findings import refused_changes, unrendered_base
from comb_compiler.cli.plan_origins import side_of_rendered
from comb_compiler.cli.plan_stores import CommitStore, DirectoryStore, is_bare_repository
from comb_compiler.cli.repositories import Target, open_target, opened, trust_of
from comb_compiler.cli.verdicts import Verdict
from comb_compiler.compiler import Checked, check
from comb_compiler.compiler.handover import handed_over, may_hand_over
from comb_compiler.compiler.render import Rendered, RenderedCluster, render_comb, render_platforms
from comb_compiler.diagnostics import Diagnostic, has_errors, in_reading_order
from comb_compiler.plan import Plan
from comb_compiler.release.images import Images
from comb_compiler.source import SourceSet
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.platform import Platform
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.operators import code_digest
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.revision import find_commit
from comb_compiler.workspace.sources import load_sources

__all__ = ["Compared", "compare_combs"]


class Compared(NamedTuple):
    """What came of it. `failed` are combs that are not compared, each with its environment; `gone` likewise."""

    title: str
    changes: tuple[CombChanges, ...]
    diagnostics: tuple[Diagnostic, ...]
    plans: tuple[Plan, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str], ...] = ()


def compare_combs(checkout: Checkout, arguments: argparse.Namespace, images: Images | None, memo: Memo) -> Compared:
    """Render all combs that are named and compare each with what `--against` means. Raises UsageError."""
    mains, found = find_combs(checkout, arguments.paths)
    platform_file = platform_path(arguments, checkout)
    assert platform_file is not None
    sources = load_sources(checkout, platform_file, memo)
    platform = check(sources, memo=memo)
    if arguments.environment is not None:
        must_have_environment(platform, arguments.environment)
    on = platform.platform.value if platform.platform is not None else None
    if on is None or has_errors(platform.diagnostics):
        return Compared(arguments.against, (), in_reading_order((*found, *platform.diagnostics)))
    environments = [arguments.environment] if arguments.environment is not None else list(on.environments)
    with ExitStack() as stack:
        base = _base(arguments, checkout, (sources, on), images, memo, stack)
        work = _Work(checkout, sources, on, base, images, memo)
        for environment in environments:
            work.environment(mains, environment)
        if any(os.path.isdir(path) for path in arguments.paths) and getattr(arguments, "all", False):
            work.look_for_gone(mains, environments)
    twice = same_names(Verdict(*one[:5]) for one in work.checked)
    said = in_reading_order(dict.fromkeys((*found, *platform.diagnostics, *work.diagnostics, *twice)))
    return Compared(base.title, tuple(work.changes), said, tuple(work.plans), tuple(work.failed), tuple(work.gone))


def _base(
    arguments: argparse.Namespace,
    checkout: Checkout,
    here: tuple[SourceSet, Platform],
    images: Images | None,
    memo: Memo,
    stack: ExitStack,
) -> Base:
    name: str = arguments.against
    sources, platform = here
    if "://" in name or is_bare_repository(name):
        return stack.enter_context(_repository(name, arguments, platform))
    if os.path.isdir(name):
        return Published(f"`{os.path.normpath(name)}`", DirectoryStore(name), _homes(platform))
    commit = find_commit(checkout.root, name)
    if commit is None:
        hint = "in CI, fetch the base branch first (a shallow checkout has only its own commit)"
        raise UsageError(
            f"--against {name}: no directory, no address of a repository and no revision of this one; {hint}"
        )
    past = stack.enter_context(Past(checkout.root, commit))
    then = load_sources(past, sources.main, memo)
    is_there = not isinstance(then.files[then.main], Unavailable)
    return Then(f"`{name}`", past, then if is_there else sources, images, memo)


@contextmanager
def _repository(name: str, arguments: argparse.Namespace, platform: Platform) -> Iterator[Base]:
    from comb_compiler.publish import Refused
    from comb_compiler.publish.landing import check_history

    where = argparse.Namespace(repository=name, trusted=None)
    target: Target = open_target(platform, where)
    try:
        with opened(target) as mirror:
            store = CommitStore(mirror, check_history(mirror, trust_of(target, where)), name)
            yield Published(f"`{name}`", store, _homes(platform))
    except Refused as refused:
        raise UsageError(f"--against {name}: {refused}") from refused


def _homes(platform: Platform) -> dict[str, tuple[tuple[str, ...], str]]:
    return {name: (tuple(platform.clusters), one.namespace) for name, one in platform.environments.items()}


class _Work:
    """One comparison as it goes on."""

    def __init__(
        self, checkout: Checkout, platform: SourceSet, on: Platform, base: Base, images: Images | None, memo: Memo
    ) -> None:
        self.changes: list[CombChanges] = []
        self.diagnostics: list[Diagnostic] = []
        self.plans: list[Plan] = []
        self.failed: list[tuple[str, str]] = []
        self.gone: list[tuple[str, str]] = []
        self.checked: list[Checked] = []
        self._names: set[str] = set()
        self._checkout = checkout
        self._platform = platform
        self._base = base
        self._images = images
        self._memo = memo
        self._quotas = _quotas(on)

    def environment(self, mains: list[str], environment: str) -> None:
        """Compare all combs in an environment."""
        for main in mains:
            made = self._rendered(main, environment)
            self.diagnostics += made.diagnostics
            self.checked.append(made.checked)
            if made.checked.kind == "Platform":
                raise UsageError(f"{main} declares a platform: name a comb")
            self._names.add(made.checked.name)
            if made.plan is not None:
                self.plans.append(made.plan)
            if not made.clusters:
                self.failed.append((main, environment))
                continue
            try:
                self._compare(main, environment, made)
            except Unrendered as problem:
                self.failed.append((main, environment))
                self.diagnostics.append(unrendered_base(made, str(problem)))

    def look_for_gone(self, mains: list[str], environments: list[str]) -> None:
        """Note the combs that nobody has any more; of combs with mistakes nobody knows the names."""
        for environment in environments:
            self.gone += ((name, environment) for name in self._base.gone(environment, self._names, mains))

    def _rendered(self, main: str, environment: str) -> Rendered:
        sources = load_sources(self._checkout, main, self._memo)

        def given(plan: Plan, comb: str) -> Images:
            found = self._images if self._images is not None else self._base.images(environment, comb)
            return found if isinstance(found, Images) else found(plan, comb)

        return render_comb(sources, self._platform, environment, given, self._memo, code_digest(self._checkout, main))

    def _compare(self, main: str, environment: str, made: Rendered) -> None:
        name = made.clusters[0].place.comb
        for one in made.clusters:
            before = self._base.before(main, environment, one)
            after = _following(one, before)
            self.changes.append(self._changes(environment, made, after, before))
            self.diagnostics += refused_changes(self.changes[-1])
        for cluster in self._base.left(main, environment, name, [one.cluster for one in made.clusters]):
            where = Told(cluster, made.clusters[0].place.namespace)
            note = f"it runs no longer here, and stays until `comb retire {name}` takes it out"
            self.changes.append(
                CombChanges(name, environment, where, (), compare(Side({}), Side({})).effects, 0, 0, notes=(note,))
            )

    def _changes(self, environment: str, made: Rendered, after: RenderedCluster, before: Before | None) -> CombChanges:
        place = after.place
        new = side_of_rendered(after, made)
        quota = self._quotas.get((place.cluster, place.namespace), {})
        found = compare(before.side if before is not None else Side({}), new, quota)
        where = Told(place.cluster, place.namespace)
        return CombChanges(
            place.comb,
            environment,
            where,
            found.objects,
            found.effects,
            found.unchanged,
            found.reworded,
            is_new=before is None,
            notes=before.notes if before is not None else (),
        )


def _following(one: RenderedCluster, before: Before | None) -> RenderedCluster:
    """What a publication would make of it."""
    if before is None or before.stable is None or not may_hand_over(one, before.stable.release):
        return one
    return handed_over(one, before.stable)


def _quotas(platform: Platform) -> dict[tuple[str, str], dict[str, object]]:
    """What a namespace may have in a cluster, as its ResourceQuota says it."""
    found: dict[tuple[str, str], dict[str, object]] = {}
    for cluster in render_platforms(platform):
        for made in cluster.manifests:
            if made.object["kind"] == "ResourceQuota":
                found[cluster.cluster, made.object["metadata"]["namespace"]] = dict(made.object["spec"]["hard"])
    return found
