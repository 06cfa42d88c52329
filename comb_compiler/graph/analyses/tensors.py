"""Where an operator is a model on a server, the fields that its tensors name are there, and can hold their values."""

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.sources import kind_of, no_field
from comb_compiler.graph.view import View
from comb_compiler.protos import Field, Message
from comb_compiler.release.tensors import OPEN, datatypes
from comb_compiler.source import Path
from comb_compiler.spec.checks.names import part_of, unknown_name
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.comb.tensors import TensorField
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.wording import listed

__all__ = ["check_tensors"]


class _Declared(NamedTuple):
    """A tensor as it is declared, and where. `names` are fields to follow from `start` characters into its text on."""

    name: str
    tensor: TensorField
    path: Path
    is_input: bool
    place: Place
    names: tuple[str, ...]
    start: int


def check_tensors(view: View) -> Iterator[Diagnostic]:
    """Each tensor of each operator that is a model on a server."""
    for name in view.touched_operators if view.schema is not None else ():
        operator = view.comb.operators.get(name)
        if operator is None or operator.oip is None or not view.bound.is_sound("operators", name, "oip"):
            continue
        yield from _inputs(view, name, operator)
        yield from _outputs(view, name, operator)


def _inputs(view: View, name: str, operator: Operator) -> Iterator[Diagnostic]:
    assert operator.oip is not None
    if not view.bound.is_sound("operators", name, "in"):
        return
    for key, tensor in operator.oip.tensors.inputs.items():
        declared = _declared(view, name, key, tensor, is_input=True)
        port = declared.tensor.field.partition(".")[0]
        if port not in operator.inputs:
            span = part_of(declared.place, 0, len(port))
            message = f"the operator `{name}` has no port `{port}`"
            known = operator.inputs
            yield unknown_name(declared.place, codes.UNKNOWN_PORT, port, known, "port", message=message, at=span)
        else:
            yield from _tensor(view, operator, declared, operator.inputs[port].type)
        if port in operator.inputs and operator.inputs[port].optional:
            yield _absent(view, name, declared, port)


def _outputs(view: View, name: str, operator: Operator) -> Iterator[Diagnostic]:
    assert operator.oip is not None
    seen: dict[str, _Declared] = {}
    for key, tensor in operator.oip.tensors.outputs.items():
        declared = _declared(view, name, key, tensor, is_input=False)
        if tensor.field in seen:
            yield _twice(declared, seen[tensor.field])
        seen.setdefault(tensor.field, declared)
        if view.bound.is_sound("operators", name, "out"):
            yield from _tensor(view, operator, declared, operator.out)


def _declared(view: View, operator: str, name: str, tensor: TensorField, *, is_input: bool) -> _Declared:
    path: Path = ("operators", operator, "oip", "tensors", "in" if is_input else "out", name)
    names = tuple(tensor.field.split("."))
    start = len(names[0]) + 1 if is_input else 0
    place = view.bound.place(*path, "field")
    return _Declared(name, tensor, path, is_input, place, names[1:] if is_input else names, start)


def _tensor(view: View, operator: Operator, declared: _Declared, message: str) -> Iterator[Diagnostic]:
    found = _follow(view, declared, message)
    if isinstance(found, Diagnostic):
        yield found
    elif found is not None:
        yield from _holds(view, declared, found)
        yield from _shape(view, declared, found, batches=operator.batch is not None)


def _follow(view: View, declared: _Declared, type_name: str) -> Field | Diagnostic | None:
    """The field that a tensor names; None where its type is not known, which is told elsewhere."""
    assert view.schema is not None
    message: Message | None = view.schema.messages.get(type_name)
    if not declared.names and message is not None:
        return _no_values(declared, declared.place.span, f"the message `{type_name}`", message)
    field, at = None, declared.start
    for index, name in enumerate(declared.names):
        if message is None:
            return None
        field = message.field(name)
        span = part_of(declared.place, at, at + len(name))
        if field is None:
            return no_field(declared.place, message, name, span)
        at += len(name) + 1
        is_last = index == len(declared.names) - 1
        if not is_last and (field.is_repeated or not field.is_message):
            what = kind_of(view.schema, field)
            return diagnose(
                codes.NOT_A_MESSAGE,
                f"`{name}` is {what}: no field can be followed from there",
                span,
                related=_at_field(field),
                path=format_path(declared.place.path),
                hints=("name a field of numbers, text or bytes, reached through single messages",),
            )
        if is_last and not datatypes(field.kind, is_repeated=field.is_repeated):
            inner = view.schema.messages.get(field.type) if not field.is_repeated else None
            return _no_values(declared, span, f"`{name}`, {kind_of(view.schema, field)},", inner, field)
        message = view.schema.messages.get(field.type)
    return field


def _no_values(
    declared: _Declared, span: Span, what: str, message: Message | None, field: Field | None = None
) -> Diagnostic:
    fields = message.fields if message is not None else ()
    fitting = [one.name for one in fields if datatypes(one.kind, is_repeated=one.is_repeated)]
    hint = "a tensor's values are numbers, bools, texts or bytes: one field of them, single or repeated"
    if fitting:
        hint = f"name one of its fields: {listed(fitting)}"
    return diagnose(
        codes.TENSOR_MISMATCH,
        f"{what} cannot hold the values of the tensor `{declared.name}`",
        span,
        related=_at_field(field),
        path=format_path(declared.place.path),
        hints=(hint,),
    )


def _holds(view: View, declared: _Declared, field: Field) -> Iterator[Diagnostic]:
    fitting = datatypes(field.kind, is_repeated=field.is_repeated)
    wanted = declared.tensor.type
    if wanted is None or wanted.value in fitting:
        return
    place = view.bound.place(*declared.path, "type")
    yield diagnose(
        codes.TENSOR_MISMATCH,
        f"a field of type `{field.kind}` cannot hold values of {wanted.value}",
        place.span,
        related=(*place.related, *_at_field(field)),
        path=format_path(place.path),
        hints=(f"`{field.name}` can hold {listed(fitting)}",),
    )


def _shape(view: View, declared: _Declared, field: Field, *, batches: bool) -> Iterator[Diagnostic]:
    place = view.bound.place(*declared.path, "shape")
    fault = _fault(declared, field) or (_unbatched(declared) if batches else None)
    if fault is not None:
        message, hint = fault
        yield diagnose(
            codes.BAD_SHAPE,
            message,
            place.span,
            related=(*place.related, *_at_field(field)),
            path=format_path(place.path),
            hints=(hint,),
        )


def _fault(declared: _Declared, field: Field) -> tuple[str, str] | None:
    """What is wrong with a shape, and what helps."""
    shape, name = declared.tensor.shape, declared.name
    wrong = [size for size in shape if size < 1 and size != OPEN]
    if wrong:
        return f"a size of the tensor `{name}` is {wrong[0]}", "a size is at least 1, or -1 where the values decide"
    if declared.is_input and shape.count(OPEN) > 1:
        said = f"the tensor `{name}` has {shape.count(OPEN)} sizes that the values decide"
        return said, "the values lie in one row, which decides one size: write the others as numbers"
    is_one = not field.is_repeated and not (field.kind == "bytes" and (declared.tensor.type or "BYTES") != "BYTES")
    if is_one and prod(abs(size) for size in shape) != 1:
        said = f"the field `{field.name}` holds one value, and the tensor `{name}` of shape {shape} has more"
        return said, "make the field `repeated`, or write a shape of one value"
    return None


def _unbatched(declared: _Declared) -> tuple[str, str] | None:
    """What keeps the calls of a batch from lying one below the other in one tensor."""
    shape = declared.tensor.shape
    if shape[0] == OPEN and OPEN not in shape[1:]:
        return None
    said = f"the operator batches its calls, and the tensor `{declared.name}` of shape {shape} cannot take several"
    return said, "write -1 as its first size, and numbers as the others, or leave `batch` out"


def _absent(view: View, operator: str, declared: _Declared, port: str) -> Diagnostic:
    place = view.bound.place("operators", operator, "in", port, "optional")
    return diagnose(
        codes.ABSENT_INPUT,
        f"the port `{port}` may get nothing, and the tensor `{declared.name}` is read from it",
        part_of(declared.place, 0, len(port)),
        related=(Label(place.span, "it is optional here"),),
        path=format_path(declared.place.path),
        hints=("leave `optional` out: without the message the step gives nothing",),
    )


def _twice(declared: _Declared, first: _Declared) -> Diagnostic:
    return diagnose(
        codes.REPEATED_ITEM,
        f"the tensors `{first.name}` and `{declared.name}` are both written to `{declared.tensor.field}`",
        declared.place.span,
        label="written to again here",
        related=(Label(first.place.span, "first written to here"),),
        path=format_path(declared.place.path),
        hints=("give each tensor a field of its own, or leave one out",),
    )


def _at_field(field: Field | None) -> tuple[Label, ...]:
    return (Label(field.span, "declared here"),) if field is not None and field.span else ()
