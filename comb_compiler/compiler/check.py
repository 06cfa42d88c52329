"""Everything that can be said of a comb.yaml or platform.yaml without running anything."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Span, codes, has_errors, in_reading_order
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph import OperatorGraph, View, analyse, check_samples
from comb_compiler.source import Node, SourceSet, Unavailable, decode
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec import Bound, CombFile, Reading, bind_comb
from comb_compiler.spec.echoes import without_echoes
from comb_compiler.spec.files import file_findings
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.lock import read_lock
from comb_compiler.spec.locked import interface_findings
from comb_compiler.spec.pins import pin_findings
from comb_compiler.spec.places import place_of
from comb_compiler.spec.variants import Findings

if TYPE_CHECKING:
    from comb_compiler.graph import Published
    from comb_compiler.plan.model import Plan
    from comb_compiler.policy.model import PolicySet
    from comb_compiler.spec.platform import Platform

__all__ = ["Checked", "check"]


class Checked(NamedTuple):
    """The verdict on one file. `name` and `name_span` are what it calls itself, for checks across files.

    `plans` are those for the environments of the platform that a comb without other errors was checked against.
    """

    main: str
    kind: str
    name: str
    name_span: Span | None
    diagnostics: tuple[Diagnostic, ...]
    comb: CombFile | None = None
    views: tuple[View, ...] = ()
    plans: "tuple[Plan, ...]" = ()
    platform: "Bound[Platform] | None" = None
    """What a platform.yaml declares, where that is the file."""
    policies: "PolicySet | None" = None
    """The policies that it names, where it names any."""

    @property
    def view(self) -> View | None:
        """The comb as written; None where its fields could not be read."""
        is_base = self.views and self.comb is not None and self.views[0].bound is self.comb.base
        return self.views[0] if is_base else None

    @property
    def graph(self) -> OperatorGraph | None:
        """The graph of the comb as written."""
        return self.view.graph if self.view is not None else None


def check(
    sources: SourceSet,
    platform: SourceSet | None = None,
    memo: Memo = NOTHING_KEPT,
    published: "Published | None" = None,
    environment: str = "",
) -> Checked:
    """Read, bind and analyse the main file of `sources`, against `platform` where one is given. Never raises.

    What is slow to work out is taken from `memo`, if it is there. `published` is the interface that others rely on.
    With an `environment` that is the only one of the platform's that the comb is planned for.
    """
    content = sources.files[sources.main]
    if isinstance(content, Unavailable):
        return Checked(sources.main, "", "", None, (_unavailable(content, sources.main),))
    source, refused = decode(sources.main, content)
    if source is None:
        return Checked(sources.main, "", "", None, tuple(refused))
    reading = read_once(source)
    if reading.root is None:
        return Checked(sources.main, reading.kind, "", None, in_reading_order(reading.diagnostics))
    if reading.kind == "Platform":
        return _check_platform(sources, reading, memo)
    return _check_comb(sources, reading, platform, memo, published, environment)


def _unavailable(reason: Unavailable, file: str) -> Diagnostic:
    return diagnose(reason.code, reason.message, Span.whole_file(file), hints=(reason.hint,) if reason.hint else ())


def _check_platform(sources: SourceSet, reading: Reading, memo: Memo) -> Checked:
    bound = _platform(reading)
    name = bound.value.metadata.name if bound.value else ""
    policies, told = _policies(sources, bound, memo)
    found = in_reading_order((*without_echoes(bound.diagnostics), *told))
    return Checked(sources.main, "Platform", name, None, found, platform=bound, policies=policies)


def _policies(
    sources: SourceSet, platform: "Bound[Platform]", memo: Memo
) -> "tuple[PolicySet | None, Sequence[Diagnostic]]":
    """The policies that a platform names; what reads them is loaded only where it names some."""
    if len(sources.files) == 1 and not platform.root.data.get("policies"):
        return None, ()
    from comb_compiler.compiler.policies import platform_policies

    return platform_policies(sources, platform, memo)


def _check_comb(
    sources: SourceSet,
    reading: Reading,
    platform: SourceSet | None,
    memo: Memo,
    published: "Published | None",
    environment: str,
) -> Checked:
    assert reading.root is not None
    file = bind_comb(reading)
    lock, unlocked = read_lock(sources)
    found = Findings()
    found.add((*file.diagnostics, *file_findings(sources, reading.root), *unlocked))
    if sources.protos is not None:
        found.add(sources.protos.diagnostics)
    views = analyse(file, found, sources.protos, memo)
    if views and views[0].bound is file.base:
        found.add(interface_findings(file.base, sources.protos, lock))
        found.add(check_samples(file.base, sources))
        if published is not None:
            from comb_compiler.graph import check_breaking

            found.add(check_breaking(views[0], published))
    if not unlocked:
        found.add(pin_findings(file, lock))
    plans = _against(platform, memo, environment, file, views, found) if platform is not None else ()
    place = file.base.place("metadata", "name")
    name = place.value.data if place.path == ("metadata", "name") and isinstance(place.value.data, str) else ""
    span = place.span if name else None
    return Checked(sources.main, "Comb", name, span, in_reading_order(without_echoes(found.all)), file, views, plans)


def _against(
    platform: SourceSet, memo: Memo, environment: str, file: CombFile, views: tuple[View, ...], found: Findings
) -> "tuple[Plan, ...]":
    """Find what the comb asks of the platform that it does not have. What is wrong with that is its own verdict."""
    content = platform.files[platform.main]
    source = None if isinstance(content, Unavailable) else decode(platform.main, content)[0]
    reading = read_once(source) if source else None
    if reading is None or reading.root is None:
        return ()
    if reading.kind != "Platform":
        found.add((_no_platform(reading.root),))
        return ()
    from comb_compiler.diagnostics.bounds import bounded
    from comb_compiler.spec.checks.against_platform import check_against_platform

    bound = _platform(reading)
    for variant in file.variants:
        if variant.value is not None:
            own = variant.overlaid.environment if variant.overlaid else None
            found.add(bounded(check_against_platform(variant, variant.value, bound, own)), variant.overlaid)
    if bound.value is None or has_errors((*bound.diagnostics, *found.all)):
        return ()
    declared = bound.declared("environments")
    plans = _planned(bound, [one for one in declared if environment in ("", one)], file, views, found)
    policies, told = _policies(platform, bound, memo)
    if policies is not None and not has_errors((*told, *found.all)):
        from comb_compiler.compiler.policies import check_comb

        for plan in plans:
            variant = file.environments.get(plan.environment, file.base)
            found.add(check_comb(policies, variant, bound, plan), variant.overlaid)
    return plans


def _planned(
    platform: "Bound[Platform]",
    environments: Sequence[str],
    file: CombFile,
    views: tuple[View, ...],
    found: Findings,
) -> "tuple[Plan, ...]":
    """Find what the platform cannot give; of a comb that is right otherwise."""
    from comb_compiler.plan.planning import plan_comb
    from comb_compiler.plan.trial import trial_findings
    from comb_compiler.plan.wishes import wish_findings

    used = {view.graph.steps[name].operator for view in views for name in view.needed}
    plans = []
    for environment in environments:
        variant = file.environments.get(environment, file.base)
        planned = plan_comb(variant, platform, environment, used)
        found.add(planned.diagnostics, variant.overlaid)
        if not has_errors(planned.diagnostics):
            found.add(trial_findings(variant, platform, planned.plan), variant.overlaid)
            found.add(wish_findings(variant, platform, planned.plan), variant.overlaid)
        plans.append(planned.plan)
    return tuple(plans)


def _no_platform(root: Node) -> Diagnostic:
    """A comb was given as platform: nothing can be checked against it."""
    message = "this file is given as the platform, and declares a comb"
    return diagnose(codes.UNKNOWN_KIND, message, place_of(root, ("kind",)).span, path="kind", hints=(_GIVE_PLATFORM,))


_GIVE_PLATFORM = "give a file of `kind: Platform` with `--platform`"


@lru_cache(maxsize=4)
def _platform(reading: Reading) -> "Bound[Platform]":
    """The platform of a reading, bound once for all combs that are checked against it."""
    from comb_compiler.spec.platformfile import bind_platform

    return bind_platform(reading)
