"""What can be met from given methods and messages: all that their peers ever encode for each other."""

from collections import defaultdict
from collections.abc import Iterable

from comb_compiler.protos.model import Field, Schema

__all__ = ["reach"]


def reach(schema: Schema, roots: Iterable[str]) -> frozenset[str]:
    """The methods (`package.Service/Method`) and messages that are given, and the types of all that is in them.

    Names that the schema does not have are passed over.
    """
    extensions: dict[str, list[Field]] = defaultdict(list)
    for extension in schema.extensions.values():
        extensions[extension.extendee].append(extension.field)
    found: set[str] = set()
    pending: list[str] = []
    for root in roots:
        method = schema.method(root)
        if method is not None:
            found.add(root)
            pending += (method.input, method.output)
        else:
            pending.append(root)
    while pending:
        name = pending.pop()
        message = schema.messages.get(name)
        if name not in found and (message is not None or name in schema.enums):
            found.add(name)
            fields = (*message.fields, *extensions[name]) if message else ()
            pending += (field.type for field in fields if field.type)
    return frozenset(found)
