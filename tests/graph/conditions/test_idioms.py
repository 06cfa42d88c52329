"""Conditions written as in another language, as a table to read: what is marked, said, advised, and written instead.

`«…»` marks what the finding points at. The last column is the condition with the fix, where there is one.
"""

import pytest

from comb_compiler.cel import Mistake
from comb_compiler.graph.conditions import check_conditions, read_condition
from tests.graph.conditions.schema import DESCRIPTORS, SCOPE

SIGNS_AND_WORDS = [
    ("request.n «===» 3", "`===` is no operator of CEL: `==` compares", "write `==`", "request.n == 3"),
    ("request.n «!==» 3", "`!==` is no operator of CEL: `!=` compares", "write `!=`", "request.n != 3"),
    ("request.n «<>» 3", "`<>` is no operator of CEL: `!=` compares", "write `!=`", "request.n != 3"),
    ("request.n «=>» 3", "`=>` is no operator of CEL: `>=` compares", "write `>=`", "request.n >= 3"),
    ("request.n «=<» 3", "`=<` is no operator of CEL: `<=` compares", "write `<=`", "request.n <= 3"),
    ("request.text «=~» '^a'", "`=~` is no operator of CEL", "write `text.matches('…')`", None),
    (
        "request.flag «and not» f.sure",
        "`and not` is no operator of CEL: write `&& !`",
        "write `&& !`",
        "request.flag && ! f.sure",
    ),
    ("f «not in» [null]", "`not in` is no operator of CEL", "write `!(value in list)`", None),
    (
        "request.text «contains» 'a'",
        "`contains` is no operator of CEL: write `text.contains('a')`",
        "write `text.contains('a')`",
        "request.text.contains('a')",
    ),
    (
        "«if» (request.flag) true",
        "`if` is a word of CEL, and cannot be named in a condition",
        "write `test ? yes : no`",
        None,
    ),
    ("request.flag «if» f.sure else true", "`if` is no operator of CEL", "write `test ? yes : no`", None),
    ("request.n «mod» 2 == 0", "`mod` is no operator of CEL: write `%`", "write `%`", "request.n % 2 == 0"),
    ("request.flag «xor» true", "`xor` is no operator of CEL", "write `(this) != (that)`", None),
    (
        "request.flag «??» true",
        "`??` is no operator of CEL",
        "ask whether it is set: `has(message.field) ? message.field : …`",
        None,
    ),
    ("f«?.»width > 1u", "CEL's `?.` is not switched on", "ask `has(message.field)` whether a field is set", None),
    ("request.flag «eq» true", "`eq` is no operator of CEL: write `==`", "write `==`", "request.flag == true"),
    ("request.n «between» 1 and 3", "`between` is no operator of CEL", "write `low <= value && value <= high`", None),
    (
        "f.tags[0«:»2] == []",
        "CEL takes no slices",
        "compare one item, as in `list[0]`, or ask `list.exists(item, …)`",
        None,
    ),
    ("request.text «like» 'a%'", "`like` is no operator of CEL", "write `text.matches('…')`", None),
    ("request.n «**» 2 > 3", "`**` is no operator of CEL", "multiply, or compute it in an operator", None),
    ("request.n «++» 1", "`++` is no operator of CEL", "write `+ 1`", None),
    (
        "request.text == 'a' «and» request.n = 3",
        "`and` is no operator of CEL: write `&&`",
        "write `&&`",
        "request.text == 'a' && request.n = 3",
    ),
]
NULL = [
    (
        "«request.frame != null»",
        "a message `t.v1.Frame` is never null: as a field it is empty where nothing is set",
        "write `has(request.frame)` to ask whether it is set",
        "has(request.frame)",
    ),
    (
        "«request.frame == null» || f == null",
        "a message `t.v1.Frame` is never null: as a field it is empty where nothing is set",
        "write `!has(request.frame)` to ask whether it is set",
        "!has(request.frame) || f == null",
    ),
    (
        "«null != request.frame.at»",
        "a `timestamp` is never null: as a field it is empty where nothing is set",
        "write `has(request.frame.at)` to ask whether it is set",
        "has(request.frame.at)",
    ),
    (
        "«f.parts[0] == null»",
        "a message `t.v1.Frame` is never null: as a field it is empty where nothing is set",
        "compare it with a value of its type",
        None,
    ),
    (
        "«f.tags != null»",
        "a list of `string` is never null",
        "write `size(f.tags) > 0` to ask whether there is something in it",
        "size(f.tags) > 0",
    ),
    (
        "«null == f.tags»",
        "a list of `string` is never null",
        "write `size(f.tags) == 0` to ask whether there is something in it",
        "size(f.tags) == 0",
    ),
    ("«f.meta == null»", "a `map` is never null", "write `!has(f.meta)` to ask whether it is set", "!has(f.meta)"),
    (
        "«request.n == null»",
        "an `int` is never null",
        "write `!has(request.n)` to ask whether it is set",
        "!has(request.n)",
    ),
]
VALUES = [
    (
        "f.colour == «'RED'»",
        "a value of `t.v1.Colour` is compared with a `string`",
        "write `t.v1.Colour.COLOUR_RED`",
        "f.colour == t.v1.Colour.COLOUR_RED",
    ),
    (
        "f.colour == «'Colour_red'»",
        "a value of `t.v1.Colour` is compared with a `string`",
        "write `t.v1.Colour.COLOUR_RED`",
        "f.colour == t.v1.Colour.COLOUR_RED",
    ),
    (
        "f.colour == «'BLUE'»",
        "a value of `t.v1.Colour` is compared with a `string`",
        "take one of `t.v1.Colour.COLOUR_UNSPECIFIED`, `t.v1.Colour.COLOUR_RED` or `t.v1.Colour.COLOUR_GREEN`",
        None,
    ),
    (
        "f.colour «in» ['RED', 'green']",
        "a value of `t.v1.Colour` is looked for among values that are each a `string`",
        "write `[t.v1.Colour.COLOUR_RED, t.v1.Colour.COLOUR_GREEN]`",
        "f.colour in [t.v1.Colour.COLOUR_RED, t.v1.Colour.COLOUR_GREEN]",
    ),
    (
        "f.colour «in» ['RED', 'blue']",
        "a value of `t.v1.Colour` is looked for among values that are each a `string`",
        "take one of `t.v1.Colour.COLOUR_UNSPECIFIED`, `t.v1.Colour.COLOUR_RED` or `t.v1.Colour.COLOUR_GREEN`",
        None,
    ),
    (
        "f.colour in [«'RED'», t.v1.Colour.COLOUR_GREEN]",
        "a value of `t.v1.Colour` is looked for, and this is a `string`",
        "write `t.v1.Colour.COLOUR_RED`",
        "f.colour in [t.v1.Colour.COLOUR_RED, t.v1.Colour.COLOUR_GREEN]",
    ),
    ("request.n in [1, «2u»]", "an `int` is looked for, and this is a `uint`", "write `2`", "request.n in [1, 2]"),
    ("request.n == «'3'»", "an `int` is compared with a `string`", "write `3`", "request.n == 3"),
    ("request.n == «3.0»", "an `int` is compared with a `double`", "write `3`", "request.n == 3"),
    ("request.n «==» 3.5", "an `int` is compared with a `double`", "convert one side, as in `double(request.n)`", None),
    ("request.n «==» 'three'", "an `int` is compared with a `string`", "take a value of its type", None),
    ("request.text == «3»", "a `string` is compared with an `int`", "write `'3'`", "request.text == '3'"),
    (
        "request.text «in» [1, 2]",
        "a `string` is looked for among values that are each an `int`",
        "write `['1', '2']`",
        "request.text in ['1', '2']",
    ),
    ("f.score > «'0.5'»", "a `double` is compared with a `string`", "write `0.5`", "f.score > 0.5"),
    ("f.score > «1»", "a `double` is compared with an `int`", "write `1.0`", "f.score > 1.0"),
    (
        "size(«request.n») > 0",
        "`size` counts what a text, a list or a map holds, and this is an `int`",
        "write `request.n`",
        "request.n > 0",
    ),
    (
        "size(«request.frame») > 0",
        "`size` counts what a text, a list or a map holds, and this is a message `t.v1.Frame`",
        "write `has(request.frame)` to ask whether it is set",
        None,
    ),
    (
        "size(«f») > 0",
        "`size` counts what a text, a list or a map holds, and this is a message `t.v1.Frame`",
        "write `f != null`",
        None,
    ),
    (
        "size(request.frame.tags) > «0u»",
        "an `int` is compared with a `uint`",
        "write `0`",
        "size(request.frame.tags) > 0",
    ),
]
FUNCTIONS = [
    ("«not» (request.flag)", "CEL has no function `not`", "write `!(request.flag)`", "!(request.flag)"),
    ("«not»(request.flag) && true", "CEL has no function `not`", "write `!(request.flag)`", "!(request.flag) && true"),
    (
        "!request.text.«isEmpty»()",
        "CEL has no method `isEmpty`",
        "write `(size(request.text) == 0)`",
        "!(size(request.text) == 0)",
    ),
    (
        "request.text.«isEmpty»() && true",
        "CEL has no method `isEmpty`",
        "write `size(request.text) == 0`",
        "size(request.text) == 0 && true",
    ),
    (
        "f.tags.«length» > 0",
        "a list of `string` has no fields, such as `length`",
        "write `size(f.tags)`",
        "size(f.tags) > 0",
    ),
    ("f.tags.«length»() > 0", "CEL has no method `length`", "did you mean `size`?", "f.tags.size() > 0"),
    (
        "'a' in «request.text»",
        "`in` looks into a list or a map, and this is a `string`",
        "write `request.text.contains('a')`",
        "request.text.contains('a')",
    ),
    (
        "request.text in «'abc'»",
        "`in` looks into a list or a map, and this is a `string`",
        "write `'abc'.contains(request.text)`",
        "'abc'.contains(request.text)",
    ),
    (
        "'frame' in «request»",
        "`in` looks into a list or a map, and this is a message `t.v1.Request`",
        "write `has(request.frame)`",
        "has(request.frame)",
    ),
    (
        "«startsWith»(request.text, 'a')",
        "CEL has no function `startsWith`",
        "write `request.text.startsWith('a')`",
        "request.text.startsWith('a')",
    ),
    (
        "request.text.«lower»() == 'a'",
        "CEL has no method `lower`",
        "match a pattern that does not mind: `text.matches('(?i)^jpe?g$')`",
        None,
    ),
    ("request.«HasField»('frame')", "CEL has no method `HasField`", "write `has(request.frame)`", "has(request.frame)"),
    (
        "request.«has_frame»",
        "the message `t.v1.Request` has no field `has_frame`",
        "write `has(request.frame)`",
        "has(request.frame)",
    ),
    ("request.«hasFrame»()", "CEL has no method `hasFrame`", "write `has(request.frame)`", "has(request.frame)"),
    ("«exists»(request.frame)", "CEL has no function `exists`", "write `has(request.frame)`", "has(request.frame)"),
    (
        "request[«'frame'»] == f",
        "a message `t.v1.Request` has fields, which follow a dot",
        "write `request.frame`",
        "request.frame == f",
    ),
    (
        "f.tags[«-1»] == 'a'",
        "a list has no item -1: the first is 0",
        "write `f.tags[size(f.tags) - 1]`",
        "f.tags[size(f.tags) - 1] == 'a'",
    ),
    (
        "request.text[«0»] == 'a'",
        "a `string` has no items",
        "ask `request.text.startsWith('a')`, or match a pattern: `request.text.matches('^.b')`",
        None,
    ),
    (
        "request.text.«equals»('a') == true",
        "CEL has no method `equals`",
        "write `(request.text == 'a')`",
        "(request.text == 'a') == true",
    ),
    (
        "«now»() > request.frame.at",
        "CEL has no function `now`",
        "a condition knows no clock: let the request carry the time",
        None,
    ),
    ("f.tags.«any»(t, t == 'a')", "CEL has no method `any`", "did you mean `exists`?", "f.tags.exists(t, t == 'a')"),
    (
        "«any»(f.tags)",
        "CEL has no function `any`",
        "ask the items: `list.exists(item, …)`",
        None,
    ),
    (
        "«isinstance»(f, Frame)",
        "CEL has no function `isinstance`",
        "a field has the type that the .proto says; of others ask `type(x)`",
        None,
    ),
    (
        "request.text.«split»(',') == []",
        "CEL has no method `split`",
        "compute it in an operator, and test its answer here",
        None,
    ),
]
CONSTANTS = [
    (
        "request.text.matches(«'(a'»)",
        "RE2 refuses this pattern: missing ): (a",
        "patterns are RE2's, without look-around and back-references: https://github.com/google/re2/wiki/Syntax",
        None,
    ),
    (
        "''.matches(«'(?=a)'»)",
        "RE2 refuses this pattern: invalid perl operator: (?=",
        "patterns are RE2's, without look-around and back-references: https://github.com/google/re2/wiki/Syntax",
        None,
    ),
    (
        "'a'.matches(«'a{2000}'»)",
        "RE2 refuses this pattern: invalid repetition size: {2000}",
        "patterns are RE2's, without look-around and back-references: https://github.com/google/re2/wiki/Syntax",
        None,
    ),
    (
        "matches('a',«'['»)",
        "RE2 refuses this pattern: missing ]: [",
        "patterns are RE2's, without look-around and back-references: https://github.com/google/re2/wiki/Syntax",
        None,
    ),
    ("1/«0» == 1", "CEL cannot evaluate this: divide by zero", "divide by something else", None),
    ("1 % «0» == 1", "CEL cannot evaluate this: modulus by zero", "divide by something else", None),
    ("1u/«0u» == 1u", "CEL cannot evaluate this: divide by zero", "divide by something else", None),
    (
        "duration(«'5 hours'») > duration('1s')",
        "CEL cannot evaluate this: String to Duration conversion failed",
        "write `'5h'`",
        "duration('5h') > duration('1s')",
    ),
    (
        "[1][«3»] == 1",
        "CEL cannot evaluate this: Index error: index=3 size=1",
        "the first item of a list is `[0]`",
        None,
    ),
    (
        "{'a':1}[«'b'»] == 1",
        'CEL cannot evaluate this: Key not found in map : "b"',
        "ask first whether it is there: `key in map`",
        None,
    ),
    (
        "«9223372036854775807 + 1» > 0",
        "CEL cannot evaluate this: integer overflow",
        "an `int` goes from -9223372036854775808 to 9223372036854775807",
        None,
    ),
    (
        "int(«'x'») == 1",
        "CEL cannot evaluate this: cannot convert string to int",
        "write a value that it can take",
        None,
    ),
    ("«uint(-1)» == 1u", "CEL cannot evaluate this: int64 out of uint64 range", "write a value that it can take", None),
    ("«int(1e30)» == 1", "CEL cannot evaluate this: double out of int64 range", "write a value that it can take", None),
    (
        "double(«'x'») > 1.0",
        "CEL cannot evaluate this: cannot convert string to double",
        "write a value that it can take",
        None,
    ),
    (
        "bool(«'maybe'»)",
        "CEL cannot evaluate this: Type conversion error from 'string' to 'bool'",
        "write a value that it can take",
        None,
    ),
    ("request.n / «0» > 1", "CEL cannot evaluate this: divide by zero", "divide by something else", None),
    (
        "timestamp(«'2020-13-01T00:00:00Z'») > timestamp(0)",
        "CEL cannot evaluate this: String to Timestamp conversion failed",
        "write date, time and zone, as RFC 3339 has them: `timestamp('2026-01-31T12:00:00Z')`",
        None,
    ),
    (
        "timestamp(«'2020-01-01'») > timestamp(0)",
        "CEL cannot evaluate this: String to Timestamp conversion failed",
        "write `'2020-01-01T00:00:00Z'`",
        "timestamp('2020-01-01T00:00:00Z') > timestamp(0)",
    ),
    (
        "duration(«'1d'») > duration('1s')",
        "CEL cannot evaluate this: String to Duration conversion failed",
        "write `'24h'`",
        "duration('24h') > duration('1s')",
    ),
    ("[1,2].all(x, 1/«0» > 1)", "CEL cannot evaluate this: divide by zero", "divide by something else", None),
    ("false && 1/«0» == 1", "CEL cannot evaluate this: divide by zero", "divide by something else", None),
    (
        "«timestamp('9999-12-31T23:59:59Z') + duration('24h')» > timestamp(0)",
        "CEL cannot evaluate this: timestamp overflow",
        "write a value that it can take",
        None,
    ),
    (
        "timestamp('2020-01-01T00:00:00Z').getHours(«'Mars/X'») == 1",
        "CEL cannot evaluate this: Invalid timezone",
        "write a zone such as `'UTC'`, `'Asia/Shanghai'` or `'+08:00'`",
        None,
    ),
    (
        "request.frame.at > timestamp(«'x'»)",
        "CEL cannot evaluate this: String to Timestamp conversion failed",
        "write date, time and zone, as RFC 3339 has them: `timestamp('2026-01-31T12:00:00Z')`",
        None,
    ),
    (
        "request.frame.took > duration(«'90 Minutes'»)",
        "CEL cannot evaluate this: String to Duration conversion failed",
        "write `'90m'`",
        "request.frame.took > duration('90m')",
    ),
    (
        "request.frame.at > timestamp(«'2020-01-01 10:00'»)",
        "CEL cannot evaluate this: String to Timestamp conversion failed",
        "write `'2020-01-01T10:00:00Z'`",
        "request.frame.at > timestamp('2020-01-01T10:00:00Z')",
    ),
]
HOLDING = [
    (
        "has(«f»)",
        "`has` asks whether a field is set, and this is none",
        "write `f != null`",
        "f != null",
    ),
    (
        "!has(«f»)",
        "`has` asks whether a field is set, and this is none",
        "write `f != null`",
        "!(f != null)",
    ),
    (
        "has(«f.parts[0]»)",
        "`has` asks whether a field is set, and this is none",
        "name the field: `has(message.field)`",
        None,
    ),
    (
        "f.parts[«'0'»].width > 1u",
        "the items of a list have numbers, from 0, and this is a `string`",
        "write `0`",
        "f.parts[0].width > 1u",
    ),
    (
        "f.parts[«f.width»].width > 1u",
        "the items of a list have numbers, from 0, and this is a `uint`",
        "write `int(f.width)`",
        "f.parts[int(f.width)].width > 1u",
    ),
    (
        "f.meta[«1»] == 2.0",
        "this map is asked by a `string`, and this is an `int`",
        "write `'1'`",
        "f.meta['1'] == 2.0",
    ),
    (
        "request.n > 3 ? request.flag : «'x'»",
        "both ways of `?` have one type, and these are a `bool` and a `string`",
        "take values of one type",
        None,
    ),
]
CASES = [*SIGNS_AND_WORDS, *HOLDING, *NULL, *VALUES, *FUNCTIONS, *CONSTANTS]


def said_of(text: str) -> tuple[Mistake, ...]:
    reading = read_condition(text)
    if reading.parsed is None:
        return reading.errors
    return check_conditions({"a": reading.parsed}, SCOPE, DESCRIPTORS).get("a", ())


@pytest.mark.parametrize(("marks", "message", "hint", "fixed"), CASES, ids=[case[0] for case in CASES])
def test_a_condition_of_another_language(marks: str, message: str, hint: str, fixed: str | None) -> None:
    text = marks.replace("«", "").replace("»", "")
    (mistake,) = said_of(text)
    marked = f"{text[: mistake.start]}«{text[mistake.start : mistake.end]}»{text[mistake.end :]}"
    mend = mistake.mend
    mended = None if mend is None else text[: mend.start] + mend.text + text[mend.end :]
    assert (marked, mistake.message, mistake.hint, mended) == (marks, message, hint, fixed)


@pytest.mark.parametrize(
    "text",
    [
        "f != null && has(request.frame)",
        "size(request.frame.tags) > 0 && size(request.text) < 3 && f.limit != null && f.any == null",
        "request.text.contains('a') && request.text.matches('(?i)^jpe?g$')",
        "request.frame.tags[0] == 'a' && request.frame.colour == 1",
        "request.frame.took > duration('1h30m') && request.frame.at > timestamp('2026-01-31T12:00:00+08:00')",
        "request.n / 2 * 3 > 1 && request.n % 7 == 1 && 7.0 / 0.0 > 1.0",
    ],
)
def test_a_condition_of_cel(text: str) -> None:
    assert said_of(text) == ()
