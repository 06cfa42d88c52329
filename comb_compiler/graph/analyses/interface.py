"""The method and the types that a comb names must be declared in its .proto files."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.view import View
from comb_compiler.protos import Method, Schema
from comb_compiler.spec.checks.names import part_of, rename, unknown_name
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.suggest import closest

__all__ = ["check_interface", "check_types"]


def check_interface(view: View) -> Iterator[Diagnostic]:
    """The service, the method, and its way to be called."""
    if view.schema is None or not view.bound.is_sound("interface"):
        return
    place = view.bound.place("interface", "method")
    service, _, name = view.comb.interface.method.partition("/")
    found = view.schema.services.get(service)
    if found is None:
        span = part_of(place, 0, len(service))
        yield unknown_name(place, codes.UNKNOWN_METHOD, service, view.schema.services, "service", at=span)
        return
    method = found.method(name)
    if method is None:
        span = part_of(place, len(service) + 1, len(service) + 1 + len(name))
        known = [one.name for one in found.methods]
        message = f"the service `{service}` has no method `{name}`"
        related = _declared(found.span, "the service is declared here")
        code = codes.UNKNOWN_METHOD
        yield unknown_name(place, code, name, known, "method", message=message, related=related, at=span)
        return
    yield from _called(place, method)


def _called(place: Place, method: Method) -> Iterator[Diagnostic]:
    if method.client_streaming or method.server_streaming:
        streams = "both ways" if method.client_streaming and method.server_streaming else ""
        streams = streams or ("requests" if method.client_streaming else "answers")
        yield diagnose(
            codes.UNSUPPORTED_METHOD,
            f"the method `{method.name}` streams {streams}, and a comb answers one request with one message",
            place.span,
            related=_declared(method.span, "declared here"),
            path=format_path(place.path),
            hints=("name a method without `stream`; a list of results can be a repeated field of one answer",),
        )


def check_types(view: View) -> Iterator[Diagnostic]:
    """The messages of ports and answers."""
    if view.schema is None:
        return
    for name in view.touched_operators:
        operator = view.comb.operators.get(name)
        if operator is None:
            continue
        for port, declared in operator.inputs.items():
            if not _is_message(view.schema, declared.type) and view.bound.is_sound("operators", name, "in", port):
                yield from _no_message(
                    view.schema, view.bound.place("operators", name, "in", port, "type"), declared.type
                )
        if not _is_message(view.schema, operator.out) and view.bound.is_sound("operators", name, "out"):
            yield from _no_message(view.schema, view.bound.place("operators", name, "out"), operator.out)


def _is_message(schema: Schema, name: str) -> bool:
    return name in schema.messages and not schema.messages[name].is_map_entry


def _no_message(schema: Schema, place: Place, name: str) -> Iterator[Diagnostic]:
    other = schema.enums.get(name) or schema.services.get(name)
    if other is None and name not in _SCALARS:
        yield _unknown(schema, place, name)
        return
    kind = "an enum" if name in schema.enums else "a service" if other is not None else "no message"
    hint = "name the messages of its methods" if name in schema.services else _WRAPPED
    yield diagnose(
        codes.NOT_A_MESSAGE,
        f"`{name}` is {kind}, and operators exchange messages",
        place.span,
        related=(*place.related, *_declared(other.span if other is not None else None, "declared here")),
        path=format_path(place.path),
        hints=(hint,),
    )


def _unknown(schema: Schema, place: Place, name: str) -> Diagnostic:
    """A misspelt name, or one without its package."""
    messages = [message for message in schema.messages.values() if not message.is_map_entry]
    own = [message.name for message in messages if schema.files[message.file].path]
    known = own if closest(name, own) else [message.name for message in messages]
    same = [one for one in own if one.rpartition(".")[2] == name.rpartition(".")[2]]
    message = f"no .proto of this comb declares the message `{name}`"
    hints = (f"did you mean `{same[0]}`?",) if len(same) == 1 else ()
    if not same and closest(name, known) is None:
        hints = (_WELL_KNOWN if name.startswith("google.protobuf.") else _WHERE,)
    finding = unknown_name(place, codes.UNKNOWN_TYPE, name, same or known, "message", message=message, hints=hints)
    return finding if len(same) != 1 else finding._replace(fix=rename(place, name, same[0]))


_WRAPPED = "declare a message with a field of this type"
_SCALARS = frozenset(("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64",
                      "sfixed32", "sfixed64", "bool", "string", "bytes"))  # fmt: skip
_WHERE = "declare it, or name the .proto that declares it in `interface.types`"
_WELL_KNOWN = "a well-known type is there once a .proto of the comb imports it"


def _declared(span: Span | None, text: str) -> tuple[Label, ...]:
    return (Label(span, text),) if span is not None else ()
