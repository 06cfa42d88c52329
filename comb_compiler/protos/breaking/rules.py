"""The rules, in order. Names and categories are those of buf (its configuration `v2`)."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from comb_compiler.protos.breaking import (
    cardinality,
    defaults,
    enums,
    fields,
    files,
    messages,
    packages,
    services,
    types,
)
from comb_compiler.protos.breaking.change import Category, Finding
from comb_compiler.protos.breaking.declared import Kind
from comb_compiler.protos.breaking.pairs import (
    Comparison,
    EnumPair,
    FieldPair,
    FilePair,
    MessagePair,
    MethodPair,
    ServicePair,
)

__all__ = [
    "ENUM_RULES",
    "FIELD_RULES",
    "FILE_RULES",
    "MESSAGE_RULES",
    "METHOD_RULES",
    "RULES",
    "SCHEMA_RULES",
    "SERVICE_RULES",
    "Rule",
]

_Subject = TypeVar("_Subject")


class Rule(NamedTuple, Generic[_Subject]):
    """A rule: `check` says what is wrong with a subject, `summary` (a sentence's end) what it asks for.

    Rules with the same `about` ask for the same, some of them more strictly.
    """

    name: str
    categories: frozenset[Category]
    summary: str
    check: Callable[[_Subject], Iterable[Finding]]
    about: str = ""


_WIRE = frozenset({Category.WIRE})
_JSON = frozenset({Category.WIRE_JSON})
_PACKAGE = frozenset({Category.PACKAGE})
_FILE = frozenset({Category.FILE})
_SOURCE = _PACKAGE | _FILE
_ENCODING = _WIRE | _JSON
_ALL = _ENCODING | _SOURCE

SCHEMA_RULES: tuple[Rule[Comparison], ...] = (
    Rule("FILE_NO_DELETE", _FILE, "a file is not deleted", files.no_delete),
    Rule("PACKAGE_NO_DELETE", _PACKAGE, "a package is not deleted", packages.no_delete),
    *(
        Rule(
            f"PACKAGE_{kind.name}_NO_DELETE",
            _PACKAGE,
            f"{'an' if kind.value[0] == 'e' else 'a'} {kind.value} is not deleted from its package",
            packages.types_no_delete(kind),
            about="there",
        )
        for kind in Kind
    ),
)

FILE_RULES: tuple[Rule[FilePair], ...] = (
    Rule("FILE_SAME_PACKAGE", _ALL, "a file keeps its package", files.same_package),
    Rule("FILE_SAME_SYNTAX", _SOURCE, "a file keeps its syntax; one edition may follow another", files.same_syntax),
    *(
        Rule(f"FILE_SAME_{name.upper()}", _SOURCE, f"a file keeps its option `{name}`", files.same_option(name))
        for name in files.FILE_OPTIONS
    ),
    *(
        Rule(
            f"{kind.name}_NO_DELETE",
            _FILE,
            f"{'an' if kind.value[0] == 'e' else 'a'} {kind.value} is not deleted from its file",
            files.types_no_delete(kind),
            about="there",
        )
        for kind in Kind
    ),
)

MESSAGE_RULES: tuple[Rule[MessagePair], ...] = (
    Rule(
        "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
        _ENCODING,
        "a field is not deleted unless its number is reserved",
        messages.field_no_delete_unless_number_reserved,
        about="there",
    ),
    Rule(
        "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
        _JSON,
        "a field is not deleted unless its name is reserved",
        messages.field_no_delete_unless_name_reserved,
        about="there",
    ),
    Rule("FIELD_NO_DELETE", _SOURCE, "a field is not deleted", messages.field_no_delete, about="there"),
    Rule("ONEOF_NO_DELETE", _SOURCE, "a oneof is not deleted", messages.oneof_no_delete),
    Rule(
        "MESSAGE_SAME_REQUIRED_FIELDS",
        _ALL,
        "a message neither gains nor loses required fields",
        messages.same_required_fields,
        about="cardinality",
    ),
    Rule(
        "RESERVED_MESSAGE_NO_DELETE",
        _ALL,
        "a message keeps its reserved numbers and names",
        messages.reserved_no_delete,
    ),
    Rule(
        "EXTENSION_MESSAGE_NO_DELETE",
        _SOURCE,
        "a message keeps the numbers that it leaves to extensions",
        messages.extension_range_no_delete,
    ),
    Rule(
        "MESSAGE_SAME_JSON_FORMAT",
        _JSON | _SOURCE,
        "a message keeps its support of JSON (`json_format`)",
        messages.same_json_format,
    ),
    Rule(
        "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR",
        _SOURCE,
        "a message does not turn `no_standard_descriptor_accessor` on",
        messages.no_remove_standard_descriptor_accessor,
    ),
)

FIELD_RULES: tuple[Rule[FieldPair], ...] = (
    Rule(
        "FIELD_WIRE_COMPATIBLE_TYPE",
        _WIRE,
        "a field's type stays readable in the binary encoding: `int32`, `uint32`, `int64`, `uint64` and `bool` for "
        "each other; `sint32` and `sint64`; `fixed32` and `sfixed32`; `fixed64` and `sfixed64`; `string` to `bytes`; "
        "an enum of the same short name with all the old values",
        types.wire_compatible_type,
        about="type",
    ),
    Rule(
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        _JSON,
        "a field's type stays readable in both encodings: `int32` and `uint32`; `int64` and `uint64`; `fixed32` and "
        "`sfixed32`; `fixed64` and `sfixed64`; an enum of the same short name with all the old values",
        types.wire_json_compatible_type,
        about="type",
    ),
    Rule("FIELD_SAME_TYPE", _SOURCE, "a field keeps its type", types.same_type, about="type"),
    Rule(
        "FIELD_WIRE_COMPATIBLE_CARDINALITY",
        _WIRE,
        "a field stays optional (with or without presence), required, or repeated (or a map)",
        cardinality.wire_compatible_cardinality,
        about="cardinality",
    ),
    Rule(
        "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
        _JSON,
        "a field stays optional (with or without presence), required, repeated, or a map",
        cardinality.wire_json_compatible_cardinality,
        about="cardinality",
    ),
    Rule(
        "FIELD_SAME_CARDINALITY",
        _SOURCE,
        "a field stays optional with presence, optional without, required, repeated, or a map",
        cardinality.same_cardinality,
        about="cardinality",
    ),
    Rule("FIELD_SAME_ONEOF", _ALL, "a field stays in its oneof, or outside of any", fields.same_oneof),
    Rule("FIELD_SAME_DEFAULT", _ALL, "a field keeps its default", defaults.same_default),
    Rule("FIELD_SAME_NAME", _JSON | _SOURCE, "a field keeps its name", fields.same_name, about="name"),
    Rule(
        "FIELD_SAME_JSON_NAME", _JSON | _SOURCE, "a field keeps its name in JSON", fields.same_json_name, about="name"
    ),
    Rule("FIELD_SAME_JSTYPE", _SOURCE, "a field of 64 bits keeps its option `jstype`", fields.same_jstype),
    Rule(
        "FIELD_SAME_CPP_STRING_TYPE",
        _SOURCE,
        "a field keeps its string type in C++ (`ctype`, `(pb.cpp).string_type`); `STRING_PIECE` may become `STRING`",
        fields.same_cpp_string_type,
    ),
    Rule(
        "FIELD_SAME_UTF8_VALIDATION",
        _SOURCE,
        "a text keeps its check for UTF-8 (`utf8_validation`)",
        fields.same_utf8_validation,
        about="utf8",
    ),
    Rule(
        "FIELD_SAME_JAVA_UTF8_VALIDATION",
        _SOURCE,
        "a text keeps its check for UTF-8 in Java (`java_string_check_utf8`, `(pb.java).utf8_validation`)",
        fields.same_java_utf8_validation,
        about="utf8",
    ),
)

ENUM_RULES: tuple[Rule[EnumPair], ...] = (
    Rule(
        "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
        _ENCODING,
        "an enum's value is not deleted unless its number is reserved",
        enums.value_no_delete_unless_number_reserved,
        about="there",
    ),
    Rule(
        "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
        _JSON,
        "an enum's value is not deleted unless its names are reserved",
        enums.value_no_delete_unless_name_reserved,
        about="there",
    ),
    Rule("ENUM_VALUE_NO_DELETE", _SOURCE, "an enum's value is not deleted", enums.value_no_delete, about="there"),
    Rule(
        "ENUM_VALUE_SAME_NAME",
        _JSON | _SOURCE,
        "an enum's value keeps its names; it may gain one",
        enums.value_same_name,
    ),
    Rule("RESERVED_ENUM_NO_DELETE", _ALL, "an enum keeps its reserved numbers and names", enums.reserved_no_delete),
    Rule(
        "ENUM_SAME_JSON_FORMAT",
        _JSON | _SOURCE,
        "an enum keeps its support of JSON (`json_format`)",
        enums.same_json_format,
    ),
    Rule("ENUM_SAME_TYPE", _SOURCE, "an enum stays open or closed", enums.same_type),
)

SERVICE_RULES: tuple[Rule[ServicePair], ...] = (
    Rule("RPC_NO_DELETE", _SOURCE, "a method is not deleted from its service", services.no_delete),
)

METHOD_RULES: tuple[Rule[MethodPair], ...] = (
    Rule("RPC_SAME_REQUEST_TYPE", _ALL, "a method keeps its request type", services.same_request_type),
    Rule("RPC_SAME_RESPONSE_TYPE", _ALL, "a method keeps its response type", services.same_response_type),
    Rule(
        "RPC_SAME_CLIENT_STREAMING",
        _ALL,
        "a method takes one request or a stream, as before",
        services.same_client_streaming,
    ),
    Rule(
        "RPC_SAME_SERVER_STREAMING",
        _ALL,
        "a method gives one response or a stream, as before",
        services.same_server_streaming,
    ),
    Rule(
        "RPC_SAME_IDEMPOTENCY_LEVEL",
        _ALL,
        "a method keeps its option `idempotency_level`",
        services.same_idempotency_level,
    ),
)

RULES: tuple[Rule[Any], ...] = (
    *FIELD_RULES,
    *MESSAGE_RULES,
    *ENUM_RULES,
    *METHOD_RULES,
    *SERVICE_RULES,
    *FILE_RULES,
    *SCHEMA_RULES,
)
