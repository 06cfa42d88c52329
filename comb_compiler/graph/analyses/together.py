"""Who is served in an environment is in an arm of the experiment too: what both change must be in time together.

Each is analysed on its own before. Only where an environment has another deadline or other timeouts, and an arm another
critical path, may both together be late though neither is.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from operator import itemgetter

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.graph.analyses.timing import latest_answer, too_late
from comb_compiler.graph.view import View
from comb_compiler.spec.variants import Overlaid

__all__ = ["check_together"]

_ZERO = timedelta(0)


def check_together(base: View, views: Iterable[View]) -> Iterator[tuple[Diagnostic, Overlaid]]:
    """For each environment the arm that is latest there, if that is too late; with the overlay that says so."""
    variants = [(view, view.bound.overlaid) for view in views if _is_timed(view)]
    arms = [(view, overlaid) for view, overlaid in variants if overlaid is not None and not overlaid.environment]
    for environment, overlaid in variants if arms else ():
        deadline = environment.comb.sla.deadline
        if overlaid is None or not overlaid.environment or deadline is None or latest_answer(environment) > deadline:
            continue
        times = _times(base, environment)
        late = [one for one in arms if _may_be_late(one[0], times, deadline)]
        found = [(latest_answer(view), view, arm) for view, arm in ((_with(one, times), arm) for one, arm in late)]
        bound, view, arm = max(found, key=itemgetter(0), default=(_ZERO, None, None))
        if view is not None and arm is not None and bound > deadline:
            yield too_late(view, environment, f"in {arm.title} ", times), overlaid


def _is_timed(view: View) -> bool:
    return view.bound.is_sound("sla", "deadline") and len(view.order) == len(view.graph.steps)


def _times(base: View, environment: View) -> Mapping[str, timedelta | None]:
    """The timeouts of operators that an environment changes."""
    before, after = base.comb.operators, environment.comb.operators
    return {name: one.timeout for name, one in after.items() if name in before and one.timeout != before[name].timeout}


def _may_be_late(arm: View, times: Mapping[str, timedelta | None], deadline: timedelta) -> bool:
    """Whether it is worth a look; an arm that is late anywhere is told already."""
    bound, own = latest_answer(arm), arm.comb.sla.deadline
    if own is not None and bound > own:
        return False
    grown = {name: (time or _ZERO) - _timeout(arm, name) for name, time in times.items()}
    more = (max(_ZERO, grown[step.operator]) for step in arm.graph.steps.values() if step.operator in grown)
    return bound + (sum(more, _ZERO) if grown else _ZERO) > deadline


def _timeout(view: View, operator: str) -> timedelta:
    found = view.comb.operators.get(operator)
    return found.timeout or _ZERO if found is not None else _ZERO


def _with(arm: View, times: Mapping[str, timedelta | None]) -> View:
    """The arm with the timeouts of an environment."""
    known = {name: time for name, time in times.items() if name in arm.comb.operators}
    return arm.with_timeouts(known) if known else arm
