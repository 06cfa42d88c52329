"""Where the experiment's sticky key is a field of the request, the field is there, and can tell users apart."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.sources import no_field
from comb_compiler.graph.view import View
from comb_compiler.protos import Field, Message
from comb_compiler.spec.checks.names import part_of
from comb_compiler.spec.places import Place, format_path

__all__ = ["check_sticky_key"]

_REQUEST = "request."
_KINDS = {
    *("string", "bytes", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64"),
}


def check_sticky_key(view: View) -> Iterator[Diagnostic]:
    """The path of fields, from the request to one that is text, bytes or a whole number."""
    experiment, method = view.comb.experiment, view.method
    if experiment is None or method is None or view.schema is None or view.bound.overlaid is not None:
        return  # no overlay changes an experiment
    if not experiment.key.startswith(_REQUEST) or not view.bound.is_sound("experiment", "key"):
        return
    place = view.bound.place("experiment", "key")
    message = view.schema.messages.get(method.input)
    start = len(_REQUEST)
    names = experiment.key[start:].split(".")
    for index, name in enumerate(names):
        span = part_of(place, start, start + len(name))
        if message is None:
            return
        field = message.field(name)
        if field is None:
            yield no_field(place, message, name, span)
            return
        is_last = index == len(names) - 1
        if field.is_repeated or field.is_message == is_last or (is_last and field.kind not in _KINDS):
            yield _no_key(place, message, field, span, is_last=is_last)
            return
        message = view.schema.messages.get(field.type)
        start += len(name) + 1


def _no_key(place: Place, message: Message, field: Field, span: Span, *, is_last: bool) -> Diagnostic:
    what = f"a {field.kind}" if field.kind[0] not in "aeiou" else f"an {field.kind}"
    if field.is_repeated:
        what = "repeated"
    told = f"`{field.name}` is {what}, and tells no users apart"
    hint = "name a field that is text, bytes or a whole number, or `header/<name>`"
    if field.is_message and not field.is_repeated:
        hint = f"name a field of it: `{field.name}.…`"
    elif not is_last and not field.is_repeated:
        told = f"`{field.name}` is {what}: no field can be followed from there"
    return diagnose(
        codes.BAD_STICKY_KEY,
        told,
        span,
        related=(Label(message.span, f"`{message.name}` is declared here"),) if message.span else (),
        path=format_path(place.path),
        hints=(hint,),
    )
