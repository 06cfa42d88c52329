"""Optional results must not be used as if they were always there.

A step may give nothing: because its condition does not hold, because it is `optional` and fails, or because it is
`optional` and something that it needs gives nothing. Who takes its answer by a port that is not optional needs to know:
by a condition that only holds when the answer is there, or by being `optional` itself.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.conditions import Parsed, guaranteed, implies, needs, unguarded
from comb_compiler.graph.findings import unguarded_condition
from comb_compiler.graph.flow import flow
from comb_compiler.graph.model import Edge, Step
from comb_compiler.graph.view import View
from comb_compiler.spec.places import format_path

__all__ = ["check_absence"]


class _Reason(NamedTuple):
    """Why a step may give nothing, with the place; `condition` where that is that it is skipped."""

    label: Label
    condition: Parsed | None = None


def check_absence(view: View) -> Iterator[Diagnostic]:
    """Ports that may get nothing, conditions that may ask what is not there, and an answer that may not be given."""
    absent, visited = flow(view, _reasons)
    for name in visited:
        step = view.graph.steps[name]
        for edge in step.inputs if not step.optional else ():
            if _may_miss(view, step, edge, absent):
                yield _absent_input(view, step, edge, absent[edge.source.step])
        if step.condition is not None:
            may_be_absent = frozenset(use.name for use in step.condition.parsed.uses if absent.get(use.name))
            for use in unguarded(step.condition.parsed, may_be_absent, view.scope):
                if not _is_there(view, step.condition.parsed, absent[use.name]):
                    yield unguarded_condition(step.condition.place, use, absent[use.name][0].label)
    reasons = absent.get(view.graph.answer or "")
    if reasons:
        yield _absent_answer(view, reasons)


def _reasons(view: View, step: Step, absent: Mapping[str, tuple[_Reason, ...]]) -> tuple[_Reason, ...]:
    """Why a step may give nothing; none where it always gives something."""
    reasons = list(_own(view, step))
    for edge in step.inputs if step.optional else ():
        if _may_miss(view, step, edge, absent):
            reasons += absent[edge.source.step]
    return tuple(reasons)


def _own(view: View, step: Step) -> Iterator[_Reason]:
    """Why a step may give nothing although all that it needs is there."""
    condition = step.condition
    if condition is not None and view.constancy(condition.parsed) is not True:
        yield _Reason(
            Label(condition.place.span, f"`{step.name}` is skipped where this does not hold"), condition.parsed
        )
    operator = view.operator(step)
    if step.optional and operator is not None and operator.fallback is None:
        place = view.bound.place("graph", step.name, "optional")
        yield _Reason(Label(place.span, f"`{step.name}` gives nothing where it fails or is late"))


def _may_miss(view: View, step: Step, edge: Edge, absent: Mapping[str, tuple[_Reason, ...]]) -> bool:
    operator, source = view.operator(step), edge.source.step
    port = operator.inputs.get(edge.port) if operator is not None else None
    if not absent.get(source) or port is None or port.optional:
        return False
    if not view.bound.is_sound("operators", step.operator, "in", edge.port):
        return False
    if step.condition is None:
        return True
    holds = step.condition.parsed
    if source in guaranteed(holds, view.scope):
        return False
    reasons = (reason.condition for reason in absent[source])
    return any(condition is None or not implies(holds, condition, view.scope) for condition in reasons)


def _is_there(view: View, condition: Parsed, reasons: tuple[_Reason, ...]) -> bool:
    """Whether a step is certainly there where `condition` is more than false."""
    return all(one.condition is not None and needs(condition, one.condition, view.scope) for one in reasons)


def _absent_input(view: View, step: Step, edge: Edge, reasons: tuple[_Reason, ...]) -> Diagnostic:
    source = edge.source.step
    hints = [f"let the port be left out: `{edge.port}: {{type: …, optional: true}}` in the operator `{step.operator}`"]
    if any(reason.condition is None for reason in reasons):
        hints.append(f"give the operator of `{source}` a `fallback`")
    hints.append(f"run the step only where there is something: `when: {source} != null`")
    declared = view.bound.place("operators", step.operator, "in", edge.port)
    return diagnose(
        codes.ABSENT_INPUT,
        f"`{source}` may give nothing, and the port `{edge.port}` of `{step.operator}` cannot do without",
        edge.source.whole_span,
        related=(*(reason.label for reason in reasons), Label(declared.key_span, "this port is not optional")),
        path=format_path(view.text_of(step, edge).path),
        hints=tuple(hints),
    )


def _absent_answer(view: View, reasons: tuple[_Reason, ...]) -> Diagnostic:
    place = view.bound.place("graph", "return", "call")
    return diagnose(
        codes.ABSENT_ANSWER,
        f"`{view.graph.answer}` may give nothing, and the comb then has no answer",
        place.span,
        related=tuple(reason.label for reason in reasons),
        path=format_path(place.path),
        hints=("return a step that always answers, such as one that takes this one by an optional port",),
    )
