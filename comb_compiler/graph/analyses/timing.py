"""Does the answer come in time? The longest way through the graph, against the promised deadline.

Every step may take its timeout. Steps that do not wait for each other run at the same time, so that the longest path
counts, not the sum; and steps whose conditions exclude each other do not run both. The longest path in a DAG by dynamic
programming over a topological order (Cormen et al., Introduction to Algorithms, 24.2).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from operator import itemgetter
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.flow import flow
from comb_compiler.graph.model import Step
from comb_compiler.graph.view import View
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.units import format_duration

__all__ = ["CriticalPath", "check_timing", "critical_path", "latest_answer", "too_late"]

_ZERO = timedelta(0)
_MOST_LABELS = 12


class CriticalPath(NamedTuple):
    """The way that takes longest when every step takes all of its timeout.

    `bound` is the sum of the timeouts; `unbounded` are the steps on any way to the answer that have none, so that the
    bound holds only without them. `exact` says whether conditions could be told apart; if not, all were taken to hold.
    """

    steps: tuple[str, ...]
    bound: timedelta
    unbounded: tuple[str, ...] = ()
    exact: bool = True


def critical_path(view: View) -> CriticalPath:
    """The critical path to the answer, over all that conditions allow."""
    bound, number, last = _latest(view)
    path = _way(view, last, number) if last is not None else []
    holding = view.worlds.worlds[number] if path else frozenset[str]()
    kept = tuple(name for name in path if not _is_skipped(view, name, holding))
    return CriticalPath(kept, bound, _untimed(view), view.worlds.exact)


def latest_answer(view: View) -> timedelta:
    """When the answer is there at the latest."""
    return _latest(view)[0]


def _latest(view: View) -> tuple[timedelta, int, str | None]:
    """When the answer is there at the latest, in which world, and the step that gives it; None where there are none."""
    arrivals = _all_arrivals(view)
    answer = view.graph.answer
    ends = (answer,) if answer is not None and answer in arrivals else tuple(arrivals)
    found = [(arrivals[end][number], number, end) for number in range(len(view.worlds.worlds)) for end in ends]
    return max(found, key=itemgetter(0), default=(_ZERO, 0, None))


def _untimed(view: View) -> tuple[str, ...]:
    needed = view.untimed & view.needed & view.position.keys()
    return tuple(sorted(needed, key=view.position.__getitem__))


def _all_arrivals(view: View) -> Mapping[str, tuple[timedelta, ...]]:
    is_new = view.changes is not None and view.changes.base.worlds is not view.worlds
    return flow(view, _arrivals, is_new=is_new).values


def _arrivals(view: View, step: Step, arrivals: Mapping[str, tuple[timedelta, ...]]) -> tuple[timedelta, ...]:
    """When a step's answer is there at the latest, in each world."""
    # Every step below a change comes through here for each arm.
    before = [arrivals[source] for source in view.graph.sources(step.name) if source in arrivals]
    worlds, own = view.worlds.worlds, view.timeout(step)
    start = tuple(map(max, *before)) if len(before) > 1 else before[0] if before else (_ZERO,) * len(worlds)
    if not own:
        return start
    if step.name not in view.conditions:
        return tuple([one + own for one in start])
    return tuple([one + own if step.name in holding else one for one, holding in zip(start, worlds, strict=True)])


def _is_skipped(view: View, name: str, holding: Collection[str]) -> bool:
    return name in view.conditions and name not in holding


def _way(view: View, last: str, number: int) -> list[str]:
    """The steps that `last` waits for longest in a world, in their order, itself included."""
    arrivals = _all_arrivals(view)
    path = [last]
    while sources := [source for source in view.graph.sources(path[-1]) if source in arrivals]:
        path.append(max(sources, key=lambda source: arrivals[source][number]))
    return path[::-1]


def check_timing(view: View) -> Iterator[Diagnostic]:
    """Timeouts along the critical path against the deadline, and waits that are longer than the time there is."""
    yield from _waits(view)
    deadline = view.comb.sla.deadline
    if deadline is None or not view.bound.is_sound("sla", "deadline") or len(view.order) < len(view.graph.steps):
        return
    if latest_answer(view) > deadline:
        yield too_late(view, view)
    for name in _untimed(view):
        if view.operator(view.graph.steps[name]) is not None and _is_told(view, view.graph.steps[name]):
            yield _unbounded(view, view.graph.steps[name], deadline)


def _is_told(view: View, step: Step) -> bool:
    return view.bound.is_sound("operators", step.operator, "timeout") and view.bound.is_sound("graph", step.name)


def too_late(view: View, promised: View, where: str = "", times: Collection[str] = ()) -> Diagnostic:
    """The critical path of a view, which is longer than another one's deadline; `where` begins the sentence.

    `times` are the operators whose timeouts are those of the other one too.
    """
    path, deadline = critical_path(view), promised.comb.sla.deadline or _ZERO
    place = promised.bound.place("sla", "deadline")
    steps = [view.graph.steps[name] for name in path.steps]
    timed = [(step, timeout) for step in steps if (timeout := view.timeout(step))]
    places = (_timeout_place(promised if step.operator in times else view, step) for step, _ in timed)
    labels = [
        Label(at.span, f"`{step.name}`: {format_duration(one)}") for at, (step, one) in zip(places, timed, strict=True)
    ]
    shown = " → ".join(f"{step.name} {format_duration(one)}" for step, one in timed)
    over = format_duration(path.bound - deadline)
    hints = [
        f"the critical path: {shown} = {format_duration(path.bound)}",
        f"shorten timeouts on it by {over}, raise the deadline, or let steps run side by side",
    ]
    if not path.exact:
        hints.append("there are too many conditions to tell which exclude each other: all were taken to hold")
    return diagnose(
        codes.DEADLINE_EXCEEDED,
        f"{where}the graph may take {format_duration(path.bound)}, {over} more than its deadline, "
        f"{format_duration(deadline)}",
        place.span,
        label="promised here",
        related=tuple(_shortest(labels)),
        path=format_path(place.path),
        hints=tuple(hints),
    )


def _shortest(labels: list[Label]) -> list[Label]:
    """Each place once, and not more of them than a person reads."""
    return list(dict.fromkeys(labels))[:_MOST_LABELS]


def _timeout_place(view: View, step: Step) -> Place:
    own = view.bound.place("graph", step.name, "timeout")
    return own if own.path[-1] == "timeout" else view.bound.place("operators", step.operator, "timeout")


def _unbounded(view: View, step: Step, deadline: timedelta) -> Diagnostic:
    rests = []
    operator = view.operator(step)
    if operator is not None and operator.fallback is not None:
        rests.append("its fallback")
    if step.optional:
        rests.append("`optional`")
    after = f": {' and '.join(rests)} would come too late" if rests else ""
    return diagnose(
        codes.UNBOUNDED_STEP,
        f"the step `{step.name}` has no timeout, and may take all of the {format_duration(deadline)} there are{after}",
        step.operator_span,
        related=(Label(view.bound.place("sla", "deadline").span, "promised here"),),
        path=f"graph.{step.name}",
        hints=(f"write `timeout: …` in the operator `{step.operator}`",),
    )


def _waits(view: View) -> Iterator[Diagnostic]:
    """A batch that waits as long as its calls may take would time every call out."""
    waiting = dict(_waiting(view))
    callers: dict[str, list[Step]] = {}
    for step in view.graph.steps.values() if waiting else ():
        if step.timeout is not None:
            callers.setdefault(step.operator, []).append(step)
    for name, wait in waiting.items():
        operator = view.comb.operators[name]
        limits = [(operator.timeout, view.bound.place("operators", name, "timeout"), "a call may take")]
        limits += [
            (step.timeout, view.bound.place("graph", step.name, "timeout"), "this call may take")
            for step in callers.get(name, ())
        ]
        if operator.timeout is None and name not in callers:
            limits.append((view.comb.sla.deadline, view.bound.place("sla", "deadline"), "the whole answer may take"))
        for limit, where, words in limits:
            if limit is not None and wait >= limit:
                yield _long_wait(view, name, wait, limit, where, words)


def _waiting(view: View) -> Iterator[tuple[str, timedelta]]:
    """The operators that wait for a batch to fill, and how long; of a variant those of which that may matter anew."""
    names: Iterable[str] = view.comb.operators
    if view.changes is not None and view.changes.is_promised_alike:
        called = (step.operator for step in view.touched_steps)
        names = dict.fromkeys((*view.changes.operators, *view.changes.timed, *called))
    for name in names:
        operator = view.comb.operators.get(name)
        wait = operator.batch.wait if operator is not None and operator.batch is not None else None
        if wait is not None and view.bound.is_sound("operators", name):
            yield name, wait


def _long_wait(view: View, name: str, wait: timedelta, limit: timedelta, where: Place, words: str) -> Diagnostic:
    place = view.bound.place("operators", name, "batch", "wait")
    return diagnose(
        codes.WAIT_EXCEEDS_TIMEOUT,
        f"a batch of `{name}` waits up to {format_duration(wait)}, and {words} {format_duration(limit)}",
        place.span,
        related=(Label(where.span, f"{format_duration(limit)} in all"),),
        path=format_path(place.path),
        hints=("let it wait for a small part of the timeout: what is left is the time to compute",),
    )
