"""Where values come from: fields that are followed must be there, and lead to one message."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.model import Edge, Source, Step
from comb_compiler.graph.view import View
from comb_compiler.protos import Field, Message, Schema
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.suggest import closest, did_you_mean
from comb_compiler.spec.wording import listed

__all__ = ["check_sources", "kind_of", "no_field"]


def check_sources(view: View) -> Iterator[Diagnostic]:
    """The fields of every source."""
    for step in view.touched_steps:
        for edge in step.inputs:
            yield from _follow(view, step, edge)


def _follow(view: View, step: Step, edge: Edge) -> Iterator[Diagnostic]:
    """The fields that a source follows, up to a message."""
    source = edge.source
    message = view.types.get(source.step)
    place = view.text_of(step, edge)
    reached = source.step
    for index, name in enumerate(source.fields):
        if message is None or view.schema is None:
            return
        field = message.field(name)
        if field is None:
            yield no_field(place, message, name, source.field_spans[index])
            return
        reached = f"{reached}.{name}"
        if not field.is_message or field.is_repeated:
            yield _no_message(place, source, reached, kind_of(view.schema, field), index == len(source.fields) - 1)
            return
        message = view.schema.messages.get(field.type)


def kind_of(schema: Schema, field: Field) -> str:
    """What a field is, in words, with its article."""
    if not field.is_repeated:
        return f"a {field.kind}" if field.kind[0] not in "aeiou" else f"an {field.kind}"
    message = schema.messages.get(field.type)
    return "a map" if message is not None and message.is_map_entry else f"a list of `{field.type or field.kind}`"


def no_field(place: Place, message: Message, name: str, span: Span) -> Diagnostic:
    """A message has no field of a name that is written at `span`."""
    known = [field.name for field in message.fields]
    by_json = next((field.name for field in message.fields if field.json_name == name), None)
    hints = (f"fields are named as in the .proto: `{by_json}`",) if by_json else did_you_mean(name, known, "field")
    match = by_json or closest(name, known)
    related = (Label(message.span, f"`{message.name}` is declared here"),) if message.span else ()
    told = f"the message `{message.name}` has no field `{name}`"
    fix = Fix(f"write `{match}`", (Edit(span, match),), Applicability.UNSAFE) if match else None
    return diagnose(
        codes.UNKNOWN_FIELD,
        told,
        span,
        related=related,
        path=format_path(place.path),
        hints=hints or (f"its fields are {listed(known)}" if known else "it has no fields",),
        fix=fix if span != place.span else None,
    )


def _no_message(place: Place, source: Source, reached: str, kind: str, is_last: bool) -> Diagnostic:
    message = f"`{reached}` is {kind}, and a port takes one message"
    if not is_last:
        message = f"`{reached}` is {kind}: no field can be followed from there"
    hint = f"give the message that holds it: `{reached.rpartition('.')[0]}`"
    return diagnose(codes.NOT_A_MESSAGE, message, source.whole_span, path=format_path(place.path), hints=(hint,))
