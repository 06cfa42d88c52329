"""Rules about a field's names, its oneof, and what generated code makes of it."""

from collections.abc import Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.features import cpp_string_type, java_utf8_validation, utf8_validation
from comb_compiler.protos.breaking.pairs import FieldPair

__all__ = [
    "same_cpp_string_type",
    "same_java_utf8_validation",
    "same_json_name",
    "same_jstype",
    "same_name",
    "same_oneof",
    "same_utf8_validation",
]

_INTEGERS_OF_64_BITS = frozenset({"int64", "uint64", "sint64", "fixed64", "sfixed64"})


def same_name(pair: FieldPair) -> Iterator[Finding]:
    """The name is what JSON and generated code know a field by."""
    old, new = pair.old.name, pair.new.name
    if pair.is_extension:
        old, new = pair.old_home.name, pair.home.name
    if old != new:
        message = f"{pair.what} was named `{old}`: JSON and code that use the old name no longer find it"
        yield Finding(pair.element, message, f"keep the name `{old}`", pair.span)


def same_json_name(pair: FieldPair) -> Iterator[Finding]:
    """The name in JSON, given by `json_name` or made from the name."""
    old, new = pair.old.json_name, pair.new.json_name
    if old != new and not pair.is_extension:
        message = (
            f"{pair.what} changed its name in JSON from `{old}` to `{new}`: peers no longer read each other's JSON"
        )
        yield Finding(pair.element, message, f'keep the name in JSON: `[json_name = "{old}"]`', pair.span)


def same_oneof(pair: FieldPair) -> Iterator[Finding]:
    """Setting one member of a oneof clears the others; the oneof that proto3's `optional` implies is none."""
    old, new = pair.old.oneof, pair.new.oneof
    if old == new or pair.is_extension:
        return
    if old and new:
        moved = f"moved from the oneof `{old}` to `{new}`"
    else:
        moved = f"moved out of the oneof `{old}`" if old else f"moved into the oneof `{new}`"
    message = f"{pair.what} {moved}: where peers set several of the fields, values are lost"
    hint = f"leave it in `{old}`" if old else f"leave it outside of `{new}`"
    yield Finding(pair.element, f"{message}", f"{hint}, or add a field under a number of its own", pair.span)


def same_jstype(pair: FieldPair) -> Iterator[Finding]:
    """What JavaScript makes of an integer of 64 bits."""
    if {pair.old.kind, pair.new.kind} <= _INTEGERS_OF_64_BITS:
        old, new = (field.options.get("jstype", "JS_NORMAL") for field in (pair.old, pair.new))
        yield from _option(pair, "option `jstype`", old, new, "code generated for JavaScript has another type")


def same_cpp_string_type(pair: FieldPair) -> Iterator[Finding]:
    """What C++ keeps a text in; a `STRING_PIECE` always was a plain string, and may become one."""
    if pair.is_map_entry or not {pair.old.kind, pair.new.kind} <= {"string", "bytes"}:
        return
    old, new = cpp_string_type(pair.old, pair.old_file), cpp_string_type(pair.new, pair.file)
    if (old, new) != ("STRING_PIECE", "STRING"):
        yield from _option(pair, "string type in C++", old, new, "code generated for C++ has another type")


def same_utf8_validation(pair: FieldPair) -> Iterator[Finding]:
    """Whether text that is no UTF-8 is refused."""
    if pair.old.kind == pair.new.kind == "string":
        old, new = utf8_validation(pair.old, pair.old_file), utf8_validation(pair.new, pair.file)
        yield from _option(pair, "check for UTF-8", old, new, "one version refuses text that the other takes")


def same_java_utf8_validation(pair: FieldPair) -> Iterator[Finding]:
    """The same in Java, which has an option of its own."""
    if pair.old.kind == pair.new.kind == "string":
        old, new = java_utf8_validation(pair.old, pair.old_file), java_utf8_validation(pair.new, pair.file)
        yield from _option(pair, "check for UTF-8 in Java", old, new, "one version refuses text that the other takes")


def _option(pair: FieldPair, name: str, old: str, new: str, consequence: str) -> Iterator[Finding]:
    if old != new:
        message = f"{pair.what} changed its {name} from `{old}` to `{new}`: {consequence}"
        yield Finding(pair.element, message, f"keep `{old}`", pair.span)
