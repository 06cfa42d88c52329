"""Features of an edition as they hold for an element: stated on it, on what is around it, or the default.

proto2 and proto3 are treated as editions with other defaults, as Protobuf itself does.
"""

from comb_compiler.protos.model import Enum, Field, Message, ProtoFile, Schema

__all__ = ["cpp_string_type", "has_edition", "java_utf8_validation", "json_format", "utf8_validation"]

_STRING_TYPE = "features.(pb.cpp).string_type"
_JAVA_UTF8 = "features.(pb.java).utf8_validation"


def has_edition(file: ProtoFile) -> bool:
    """Whether a file is written in an edition, and so in neither proto2 nor proto3."""
    return file.syntax.startswith("edition")


def json_format(schema: Schema, one: Message | Enum) -> str:
    """`ALLOW`, or `LEGACY_BEST_EFFORT`, which promises nothing of a type's JSON."""
    around: Message | Enum | None = one
    while around is not None:
        if "features.json_format" in around.options:
            return around.options["features.json_format"]
        around = schema.messages.get(around.name.rpartition(".")[0])
    file = schema.files[one.file]
    default = "LEGACY_BEST_EFFORT" if file.syntax == "proto2" else "ALLOW"
    return file.options.get("features.json_format", default)


def utf8_validation(field: Field, file: ProtoFile) -> str:
    """`VERIFY`, or `NONE` where text that is no UTF-8 passes."""
    default = "NONE" if file.syntax == "proto2" else "VERIFY"
    return _stated("features.utf8_validation", field, file, default)


def java_utf8_validation(field: Field, file: ProtoFile) -> str:
    """The same in Java, which an option of the file and a feature of Java's can make stricter."""
    if not has_edition(file) or "java_string_check_utf8" in file.options:
        verifies = file.options.get("java_string_check_utf8") == "True"
    else:
        verifies = _stated(_JAVA_UTF8, field, file, "DEFAULT") == "VERIFY"
    return "VERIFY" if verifies else utf8_validation(field, file)


def cpp_string_type(field: Field, file: ProtoFile) -> str:
    """`STRING`, `STRING_PIECE`, `CORD` or `VIEW`: what C++ keeps a text or bytes in."""
    if "ctype" in field.options:
        return field.options["ctype"]
    default = "VIEW" if has_edition(file) and file.syntax > "edition 2023" else "STRING"
    return _stated(_STRING_TYPE, field, file, default)


def _stated(feature: str, field: Field, file: ProtoFile, default: str) -> str:
    return field.options.get(feature) or file.options.get(feature) or default
