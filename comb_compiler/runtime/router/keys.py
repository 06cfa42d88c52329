"""The sticky key: where an experiment finds it in a request."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from comb_compiler.release import Experiment
from comb_compiler.runtime.engine import CannotRun
from comb_compiler.runtime.messages import Message

__all__ = ["key_header", "key_reader"]

_HEADER = "header/"
_REQUEST = "request."
_KEYS = {
    *(FieldDescriptor.CPPTYPE_STRING, FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64),
    *(FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64),
}
"""Text, bytes and whole numbers. What has few values (bool, enum) or many spellings (float) tells no users apart."""


def key_header(experiment: Experiment | None) -> str:
    """The header that has the key, in lower case; empty where it is a field of the request, or there is no key."""
    key = "" if experiment is None else experiment.key
    return key.removeprefix(_HEADER).lower() if key.startswith(_HEADER) else ""


def key_reader(experiment: Experiment | None, kind: type[Message]) -> Callable[[Any], str]:
    """Request → the key in its fields; empty where it says none, as for a header's.

    A field that has its default says none, unless the .proto file tells the default from nothing (`optional`).
    Raises CannotRun where the key's path leads to no field, or to one that is no key.
    """
    if experiment is None or key_header(experiment):
        return lambda request: ""
    names = experiment.key.removeprefix(_REQUEST).split(".")
    leaf = _leaf(experiment.key, names, kind)
    *_, last = names
    parent: Callable[[Any], Any] = attrgetter(".".join(names[:-1])) if len(names) > 1 else lambda request: request
    has_presence = leaf.has_presence

    def read(request: Any) -> str:
        try:
            holder = parent(request)
            value = getattr(holder, last)
        except AttributeError:  # another message: whoever takes the request refuses it
            return ""
        if not value and not (has_presence and holder.HasField(last)):
            return ""
        return value.hex() if isinstance(value, bytes) else str(value)

    return read


def _leaf(key: str, names: list[str], kind: type[Message]) -> Any:
    """The descriptor of the field that a path leads to."""
    message: Any = kind.DESCRIPTOR
    field: Any = None
    for place, name in enumerate(names):
        field = message.fields_by_name.get(name)
        if field is None:
            raise CannotRun(f"the experiment's key is `{key}`, and {message.full_name} has no field `{name}`")
        is_last = place == len(names) - 1
        if field.is_repeated or is_last != (field.message_type is None):
            raise CannotRun(f"the experiment's key is `{key}`, and `{name}` is {_kind(field, is_last=is_last)}")
        message = field.message_type
    if field.cpp_type not in _KEYS:
        raise CannotRun(f"the experiment's key is `{key}`, which is no text, bytes or whole number")
    return field


def _kind(field: Any, *, is_last: bool) -> str:
    if field.is_repeated:
        return "repeated"
    return "a message: name one of its fields" if is_last else "no message"
