"""SourceSet → what can be run: the graph, and the plan that the engine executes."""

from typing import NamedTuple

from comb_compiler.compiler.check import Checked, check
from comb_compiler.diagnostics import has_errors
from comb_compiler.graph import lower
from comb_compiler.release import ExecutionPlan
from comb_compiler.source import SourceSet
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from comb_compiler.spec.lock import read_lock

__all__ = ["Compiled", "compile_comb", "lower_comb", "parted_by_groups"]


class Compiled(NamedTuple):
    """A comb, checked; and its plan where nothing is wrong with it: as it is written, or as an environment makes it."""

    checked: Checked
    plan: ExecutionPlan | None
    environment: str = ""


def compile_comb(
    sources: SourceSet, platform: SourceSet | None = None, memo: Memo = NOTHING_KEPT, environment: str = ""
) -> Compiled:
    """Check the main file of `sources`, and lower its graph. Never raises for what a user wrote.

    In an environment that the file does not mention a comb is as it is written.

    Sources as `comb_compiler.workspace.sources.load_sources` reads them from a checkout. There is no plan for what has
    errors, for a platform, or without types (`sources.protos`).
    """
    checked = check(sources, platform, memo)
    view = checked.view
    if view is None or view.schema is None or has_errors(checked.diagnostics):
        return Compiled(checked, None)
    return Compiled(checked, lower_comb(checked, sources, environment), environment)


def parted_by_groups(compiled: Compiled) -> ExecutionPlan:
    """The plan of a comb without errors with a process for each group of operators, as it has pods in a cluster."""
    from comb_compiler.plan.groups import groups_of
    from comb_compiler.plan.parting import parted

    comb, plan = compiled.checked.comb, compiled.plan
    assert comb is not None
    within = comb.environments.get(compiled.environment, comb.base).value
    assert within is not None
    assert plan is not None
    used = {view.graph.steps[name].operator for view in compiled.checked.views for name in view.needed}
    return parted(plan, groups_of(within, used))


def lower_comb(checked: Checked, sources: SourceSet, environment: str = "") -> ExecutionPlan:
    """The plan of a comb without errors: as it is written, or as an environment makes it."""
    file = checked.comb
    assert file is not None
    lock, _ = read_lock(sources)
    digests = {pin.uri: pin.sha256 for pin in lock.lock.artifacts} if lock is not None else {}
    views = {id(view.bound): view for view in checked.views}
    within = file.arms_in(environment)
    arms = {name: views[id(arm)].of(within[name]) for name, arm in file.arms.items() if id(arm) in views}
    return lower(views[id(file.environments.get(environment, file.base))], arms, digests)
