"""Conditions must be right over the messages that flow, and decide something."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.graph.conditions import check_conditions as check_all
from comb_compiler.graph.findings import bad_condition, constant_condition
from comb_compiler.graph.model import REQUEST
from comb_compiler.graph.view import View

__all__ = ["check_conditions"]


def check_conditions(view: View) -> Iterator[Diagnostic]:
    """The condition of every step."""
    conditions = {step.name: step.condition for step in view.touched_steps if step.condition is not None}
    wrong = {}
    if conditions and view.schema is not None and REQUEST in view.types:
        parsed = {name: condition.parsed for name, condition in conditions.items()}
        wrong = check_all(parsed, view.scope, view.descriptors, view.memo)
    for name, condition in conditions.items():
        if name in wrong:
            yield from (bad_condition(condition.place, mistake) for mistake in wrong[name])
            continue
        holds = view.constancy(condition.parsed)
        if holds is not None:
            yield constant_condition(condition.place, name, holds)
