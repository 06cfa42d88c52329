"""What to do about what protoc says: a table over its sentences, which are fixed but for names and numbers."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from comb_compiler.spec.suggest import closest
from comb_compiler.spec.wording import listed

__all__ = ["Advice", "advice"]


class Advice(NamedTuple):
    """A hint, empty where only the page helps; and the word that was probably meant where protoc points."""

    hint: str = ""
    meant: str = ""


_WITHOUT_LABEL = "a field is `type name = number;`, such as `string text = 1;`"
_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"Expected (field name|field number|\"=\")|Missing field number", _WITHOUT_LABEL),
    (r"Reached end of input", "a `}` is missing: count from where the last right declaration ends"),
    (r"Expected \"returns\"", "a method is `rpc Name(Request) returns (Response);`"),
    (r"Expected message type|\".*\" is not a message type", "a method takes and returns messages: declare one for it"),
    (r"Expected \"required\", ", 'write `syntax = "proto3";` as the first line, or a label before the type'),
    (r"Expected a string naming the file", 'write the path in quotes: `import "google/protobuf/duration.proto";`'),
    (r"Need space between", "names begin with a letter or `_`"),
    (r"Multiline strings|End-of-file inside block comment", "close a text on its line, and a comment by `*/`"),
    (r"a character that is not ASCII", "names are ASCII, and the quotes around a text are straight"),
    (r"Field number \d+ has already been used", "give the newer field another number: clients know the older one's"),
    (r"Field numbers must be positive|Field numbers cannot be greater", "number fields from 1 to 536870911"),
    (r"Field numbers 19000 through", "take a number below 19000: numbers need not be in a row"),
    (r"Field (name )?\".*\" (uses reserved number|is reserved)", "take one that was never used: old clients know it"),
    (r"The first enum value must be zero", "begin the enum with a value such as `KIND_UNSPECIFIED = 0;`"),
    (r"Enums must contain", "give it a first value, such as `KIND_UNSPECIFIED = 0;`"),
    (r"\".*\" uses the same enum value", "give each value its own number"),
    (r"\".*\" must be unique within", "begin each value with the name of its enum, such as `STATUS_OK`"),
    (r"\".*\" is already defined", "rename one of the two, or take it away; two packages may use one name"),
    (r"The default JSON name", "rename one of the two: in JSON both have the same name"),
    (r"Required fields are not allowed", "leave `required` out: proto3 has no such fields"),
    (r"Explicit default values", "leave the default out: in proto3 it is zero, false or empty"),
    (r"Groups are not supported", "declare a message, and a field of its type"),
    (r"Field labels .* map fields|Fields in oneofs must not have labels", "leave the label out"),
    (r"Key in map fields", "use `string` or a whole number as the key"),
    (r"Multiple package definitions", "keep one `package`"),
    (r"File recursively imports itself", "move what both need into a file of its own, which both import"),
    (r"Unrecognized syntax identifier", 'write `syntax = "proto3";`'),
    (r"Unknown edition", 'write `edition = "2023";`, or `syntax = "proto3";`'),
    (r"Option \".*\" unknown", "import the file that declares the option, or leave it out"),
    (r"Import .* is unused", "take the import away, or use what it declares"),
    (r"there is no `syntax", 'write `syntax = "proto3";` as the first line'),
    (r"\".*\" (?:seems|appears) to be defined in \"(?P<file>.*?)\"", 'add `import "{file}";`'),
    (r"\".*\" is resolved to ", "write the full name with a `.` before it, or rename the nearer package"),
    (r"protoc gave up", "see whether `protoc` takes the file at all; leave out imports to find what it stumbles over"),
)
_TABLE = tuple((re.compile(pattern), hint) for pattern, hint in _SENTENCES)
_UNDEFINED = re.compile(r"\"(?P<name>[^\"]+)\" is not defined")
_DECLARED = re.compile(r"\b(?:message|enum)\s+(\w+)")
_SCALARS = (
    *("double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes"),
)
_ELSEWHERE = {
    **dict.fromkeys(("int", "integer", "Int"), ("int32", "int64")),
    **dict.fromkeys(("long", "Long", "size_t"), ("int64",)),
    **dict.fromkeys(("uint", "unsigned"), ("uint32", "uint64")),
    **dict.fromkeys(("str", "String", "text", "char"), ("string",)),
    **dict.fromkeys(("boolean", "Boolean", "Bool"), ("bool",)),
    **dict.fromkeys(("byte", "blob", "Bytes", "binary"), ("bytes",)),
    **dict.fromkeys(("float32", "Float"), ("float",)),
    **dict.fromkeys(("float64", "Double", "number"), ("double",)),
    **dict.fromkeys(("dict", "object", "any"), ("google.protobuf.Struct", "map<string, string>")),
    **dict.fromkeys(("datetime", "timestamp", "date", "time"), ("google.protobuf.Timestamp",)),
}
"""Types of other languages."""
_WELL_KNOWN = {
    **{name: name.lower() for name in ("Any", "Api", "Duration", "Empty", "Struct", "Timestamp")},
    **dict.fromkeys(("Value", "ListValue", "NullValue"), "struct"),
    "FieldMask": "field_mask",
    **{f"{one}Options": "descriptor" for one in ("Enum", "EnumValue", "Field", "File", "Message", "Method", "Service")},
    **dict.fromkeys(
        (f"{one}Value" for one in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")),
        "wrappers",
    ),
}
"""The file of each of the messages that protoc brings along."""


def advice(sentence: str, line: str, column: int, texts: Iterable[str]) -> Advice:
    """What to do about `sentence`, protoc's own, said of a line from `column` on, which counts from 0.

    `texts` are the .proto files at hand.
    """
    undefined = _UNDEFINED.match(sentence)
    if undefined is not None:
        return _declare(undefined["name"], texts)
    if sentence.startswith("Expected top-level statement"):
        return _statement(line[column:])
    if sentence.startswith('Expected ";"'):
        where = "before this" if line[:column].strip() else "at the end of the line above"
        return Advice(f"a statement ends with `;`: one is missing {where}")
    for pattern, hint in _TABLE:
        found = pattern.match(sentence)
        if found is not None:
            return Advice(_filled(hint, found.groupdict()))
    return Advice()


_STATEMENTS = ("syntax", "edition", "package", "import", "option", "message", "enum", "service", "extend")


def _statement(text: str) -> Advice:
    """What was meant by what begins no statement."""
    found = re.match(r"\w+", text)
    word = found[0] if found is not None else ""
    match = closest(word, _STATEMENTS) if word and word not in _STATEMENTS else None
    if match is not None:
        return _meant(match)
    if text.startswith("#"):
        return Advice("a comment begins with `//`")
    if text.startswith("}"):
        return Advice("this `}` closes nothing: take it away, or see whether one above closes too much")
    if word in ("syntax", "edition"):
        return Advice(f"`{word}` is the first statement of a file")
    return Advice(f"a .proto is made of {listed(_STATEMENTS[:-1])}, each with its `;` or `{{ }}`")


def _meant(word: str) -> Advice:
    return Advice(f"did you mean `{word}`?", word)


def _filled(hint: str, names: Mapping[str, str]) -> str:
    for name, text in names.items():
        hint = hint.replace(f"{{{name}}}", text)
    return hint


def _declare(name: str, texts: Iterable[str]) -> Advice:
    package, _, last = name.rpartition(".")
    if package == "google.protobuf" and last in _WELL_KNOWN:
        return Advice(f'add `import "google/protobuf/{_WELL_KNOWN[last]}.proto";`')
    if name in _ELSEWHERE:
        return Advice(f"Protobuf has {listed(_ELSEWHERE[name], 'or')} for it")
    declared = [found for text in texts for found in _DECLARED.findall(text)]
    match = closest(last, (*_SCALARS, *declared))
    if match == last:
        return Advice(f"a message `{last}` is declared in another package or message: write its full name")
    if match is not None:
        return _meant(match) if not package else Advice(f"did you mean `{match}`?")
    return Advice(f"declare `message {last}`, or import the file that declares it")
