"""`comb plan --against`: what a change does in each cluster, compared with what was there."""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import NamedTuple, Protocol

from comb_compiler.changes import Cause, CombChanges, Told, compare
from comb_compiler.changes.effects import Effects
from comb_compiler.changes.model import Side
from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import Checking, same_names
from comb_compiler.cli.environments import must_have_environment
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_bases import Base, Before, Unrendered
from comb_compiler.cli.plan_findings import refused_changes, unrendered_base
from comb_compiler.cli.plan_opening import Here, open_base
from comb_compiler.cli.plan_origins import side_of_rendered
from comb_compiler.cli.verdicts import Verdict, VerdictCache
from comb_compiler.compiler import Checked, check
from comb_compiler.compiler.handover import handed_over, may_hand_over
from comb_compiler.compiler.render import Rendered, RenderedCluster, render_comb, render_platforms
from comb_compiler.diagnostics import Diagnostic, has_errors, in_reading_order
from comb_compiler.plan import Plan
from comb_compiler.release.images import Images
from comb_compiler.source.memo import Memo
from comb_compiler.spec.platform import Platform
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.operators import code_digest
from comb_compiler.workspace.sources import load_sources

__all__ = ["Asked", "Compared", "Origins", "Work", "compare_combs", "read_platform"]


class Origins(Protocol):
    """Where what is published came from."""

    def again(self, main: str, environment: str, after: RenderedCluster) -> tuple[RenderedCluster | None, str]:
        """What this Comb makes of the sources that were published in the place of `after`; or why it cannot."""
        ...


class Compared(NamedTuple):
    """What came of it. `failed` are combs that are not compared, each with its environment; `gone` likewise."""

    title: str
    changes: tuple[CombChanges, ...]
    diagnostics: tuple[Diagnostic, ...]
    plans: tuple[Plan, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str], ...] = ()


def compare_combs(
    checkout: Checkout, arguments: argparse.Namespace, images: Images | None, cache: VerdictCache
) -> Compared:
    """Render all combs that are named and compare each with what `--against` means. Raises UsageError."""
    mains, found = find_combs(checkout, arguments.paths)
    here, environments, said = read_platform(checkout, arguments, images, cache.memo)
    if here is None:
        return Compared(arguments.against, (), in_reading_order((*found, *said)))
    with ExitStack() as stack:
        base = open_base(arguments.against, here, stack)
        work = Work(here, base)
        for environment in environments:
            work.environment(mains, environment)
        checking = Checking(checkout, cache, here.sources.main)
        said = (*said, *checking.beside(mains, environments, lambda: base.elsewhere(environments, {})))
    return work.done((*found, *said))


class Asked(NamedTuple):
    """The platform that is compared for, with the environments; None where it has mistakes."""

    here: Here | None
    environments: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_platform(checkout: Checkout, arguments: argparse.Namespace, images: Images | None, memo: Memo) -> Asked:
    """The platform that is named. Raises UsageError for an environment that it does not have."""
    file = platform_path(arguments, checkout)
    assert file is not None
    sources = load_sources(checkout, file, memo)
    platform = check(sources, memo=memo)
    if arguments.environment is not None:
        must_have_environment(platform, arguments.environment)
    on = platform.platform.value if platform.platform is not None else None
    if on is None or has_errors(platform.diagnostics):
        return Asked(None, (), platform.diagnostics)
    environments = (arguments.environment,) if arguments.environment is not None else tuple(on.environments)
    return Asked(Here(checkout, sources, on, images, memo), environments, platform.diagnostics)


class Work:
    """One comparison as it goes on."""

    def __init__(self, here: Here, base: Base, origins: "Origins | None" = None) -> None:
        self.changes: list[CombChanges] = []
        self.diagnostics: list[Diagnostic] = []
        self.plans: list[Plan] = []
        self.failed: list[tuple[str, str]] = []
        self.gone: list[tuple[str, str]] = []
        self.checked: list[Checked] = []
        self._here = here
        self._base = base
        self._origins = origins
        self._quotas = _quotas(here.platform)

    def done(self, more: Iterable[Diagnostic]) -> "Compared":
        """All that came of it."""
        twice = same_names(Verdict(*one[:5]) for one in self.checked)
        said = in_reading_order(dict.fromkeys((*more, *self.diagnostics, *twice)))
        changes, plans = tuple(self.changes), tuple(self.plans)
        return Compared(self._base.title, changes, said, plans, tuple(self.failed), tuple(self.gone))

    def environment(
        self, mains: list[str], environment: str, rendered: Mapping[str, Rendered | None] | None = None
    ) -> None:
        """Compare all combs in an environment; those that are `rendered` already are not rendered again."""
        for main in mains:
            made = (rendered or {}).get(main) or self._rendered(main, environment)
            self.diagnostics += made.diagnostics
            self.checked.append(made.checked)
            if made.checked.kind == "Platform":
                raise UsageError(f"{main} declares a platform: name a comb")
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

    def _rendered(self, main: str, environment: str) -> Rendered:
        here = self._here
        sources = load_sources(here.checkout, main, here.memo)

        def given(plan: Plan, comb: str) -> Images:
            found = here.images if here.images is not None else self._base.images(environment, comb)
            return found if isinstance(found, Images) else found(plan, comb)

        return render_comb(sources, here.sources, environment, given, here.memo, code_digest(here.checkout, main))

    def _compare(self, main: str, environment: str, made: Rendered) -> None:
        name = made.clusters[0].place.comb
        for one in made.clusters:
            before = self._base.before(main, environment, one)
            after = _following(one, before)
            for changes in self._changes(main, environment, made, after, before):
                self.changes.append(changes)
                self.diagnostics += refused_changes(changes)
        for cluster in self._base.left(main, environment, name, [one.cluster for one in made.clusters]):
            where = Told(cluster, made.clusters[0].place.namespace)
            note = f"it runs no longer here, and stays until `comb retire {name}` takes it out"
            self.changes.append(CombChanges(name, environment, where, (), Effects(), 0, 0, notes=(note,)))

    def _changes(
        self, main: str, environment: str, made: Rendered, after: RenderedCluster, before: Before | None
    ) -> Iterator[CombChanges]:
        """All that changes in a cluster; what this Comb does by itself is apart, where that can be told."""
        new = side_of_rendered(after, made)
        origins = self._origins
        if before is None or origins is None:
            yield self._one(environment, after, (before, new), None, ())
            return
        again, why = origins.again(main, environment, after)
        if again is None:
            yield self._one(environment, after, (before, new), None, (why,))
            return
        between = side_of_rendered(_following(again, before), None)
        by_itself = self._one(environment, after, (before, between), Cause.COMPILER, before.notes)
        by_sources = self._one(environment, after, (Before(between), new), Cause.SOURCES, ())
        yield from (one for one in (by_itself, by_sources) if not one.is_empty)

    def _one(
        self,
        environment: str,
        after: RenderedCluster,
        sides: tuple[Before | None, Side],
        cause: Cause | None,
        notes: tuple[str, ...],
    ) -> CombChanges:
        place, (before, new) = after.place, sides
        quota = self._quotas.get((place.cluster, place.namespace), {})
        found = compare(before.side if before is not None else Side({}), new, quota)
        said = (*(before.notes if before is not None else ()), *notes)
        where = Told(place.cluster, place.namespace)
        return CombChanges(
            place.comb, environment, where, *found, is_new=before is None, notes=tuple(dict.fromkeys(said)), cause=cause
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
