"""Which of the operators that share a pod said what the pod has."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from comb_compiler.spec.base import Model
from comb_compiler.spec.comb.operators import Operator

__all__ = ["said", "who_says"]


def who_says(operators: Mapping[str, Operator], path: Sequence[str], value: Any = None) -> str:
    """Whoever wrote `value` at a path; else the first that wrote anything there, or most of the way to it."""
    written = {name: said(operator, path) for name, operator in operators.items()}
    exact = (name for name, (depth, one) in written.items() if depth == len(path) and one == value)
    return next(exact, None) or max(written, key=lambda name: written[name][0])


def said(model: Model, path: Sequence[str]) -> tuple[int, Any]:
    """How far a path, in the words of the file, is written below a model; and what is there."""
    value: Any = model
    for depth, step in enumerate(path):
        fields = _fields(value.__class__)
        if fields is not None:
            field = fields.get(step, "")
            if field not in value.model_fields_set:
                return depth, value
            value = getattr(value, field)
        elif step in value:
            value = value[step]
        else:
            return depth, value
    return len(path), value


@cache
def _fields(kind: type) -> Mapping[str, str] | None:
    """The names of a model's fields by the file's words for them; None for what is no model."""
    if not issubclass(kind, Model):
        return None
    return {field.alias or name: name for name, field in kind.model_fields.items()}
