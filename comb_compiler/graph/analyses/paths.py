"""Paths of fields, as `request.frame.user_id` → the field that they lead to; through lists, and to a map's values."""

from collections.abc import Generator

from comb_compiler.diagnostics import Code, Diagnostic
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.sources import kind_of, no_field
from comb_compiler.graph.view import View
from comb_compiler.protos import Field, Message
from comb_compiler.spec.checks.names import part_of
from comb_compiler.spec.places import Place, format_path

__all__ = ["followed"]


def followed(
    view: View, place: Place, start: int, message_type: Message | None, names: list[str], code: Code
) -> Generator[Diagnostic, None, Field | None]:
    """The field that `names` lead to from a message; None where that is not known, or there is none, which is said.

    The names are written at `place`, from its character `start` on, with dots between them. `code` is that of a path
    that goes on behind a field without fields.
    """
    field: Field | None = None
    for index, name in enumerate(names):
        if message_type is None or view.schema is None:
            return None
        field = message_type.field(name)
        span = part_of(place, start, start + len(name))
        if field is None:
            yield no_field(place, message_type, name, span)
            return None
        if index < len(names) - 1:
            message_type = _next(view, field)
            if message_type is None:
                told = f"`{name}` is {kind_of(view.schema, field)}: no field can be followed from there"
                yield diagnose(code, told, span, path=format_path(place.path), hints=("end the path there",))
                return None
        start += len(name) + 1
    return field


def _next(view: View, field: Field) -> Message | None:
    """The message that a path goes on with: a list's items, a map's values."""
    assert view.schema is not None
    found = view.schema.messages.get(field.type) if field.is_message else None
    if found is not None and found.is_map_entry:
        value = found.field("value")
        return view.schema.messages.get(value.type) if value is not None and value.is_message else None
    return found
