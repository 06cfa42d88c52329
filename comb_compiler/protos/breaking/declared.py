"""What each file and each package declares, by the name without the package."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from enum import Enum as _Enum

from comb_compiler.protos.model import Enum, Extension, Message, ProtoFile, Schema, Service

__all__ = ["Declared", "Kind", "declared_by_file", "declared_by_package"]


class Kind(_Enum):
    """What can be declared; the value is the word for it."""

    MESSAGE = "message"
    ENUM = "enum"
    SERVICE = "service"
    EXTENSION = "extension"

    def of(self, schema: Schema) -> Mapping[str, Message | Enum | Service | Extension]:
        """All of the kind, by full name."""
        kinds: Mapping[Kind, Mapping[str, Message | Enum | Service | Extension]] = {
            Kind.MESSAGE: schema.messages,
            Kind.ENUM: schema.enums,
            Kind.SERVICE: schema.services,
            Kind.EXTENSION: schema.extensions,
        }
        return kinds[self]


Declared = Mapping[Kind, Mapping[str, str]]
"""Full names by the name without the package, of each kind. Entries of maps are left out: their map speaks for them."""


def declared_by_file(schema: Schema, is_own: Callable[[str], bool]) -> Mapping[str, Declared]:
    """What each of the comb's own files declares; of a file that declares nothing, nothing."""
    return _declared(schema, is_own, lambda file: file.name)


def declared_by_package(schema: Schema, is_own: Callable[[str], bool]) -> Mapping[str, Declared]:
    """What each package declares in the comb's own files."""
    return _declared(schema, is_own, lambda file: file.package)


def _declared(
    schema: Schema, is_own: Callable[[str], bool], key: Callable[[ProtoFile], str]
) -> Mapping[str, Mapping[Kind, dict[str, str]]]:
    found: dict[str, dict[Kind, dict[str, str]]] = defaultdict(lambda: {kind: {} for kind in Kind})
    keys = {name: found[key(file)] for name, file in schema.files.items() if is_own(name)}
    for kind in Kind:
        for name, one in kind.of(schema).items():
            if one.file in keys and not (isinstance(one, Message) and one.is_map_entry):
                package = schema.files[one.file].package
                keys[one.file][kind][name.removeprefix(f"{package}.") if package else name] = name
    return found
