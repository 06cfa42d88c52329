"""What is said of a wrong condition: a table to read.

`«…»` marks what the finding points at. The last column is the condition with the fix, where there is one.
"""

import pytest
from hypothesis import given, strategies as st

from comb_compiler.cel import Mistake
from comb_compiler.graph.conditions import Scope, check_conditions, read_condition
from comb_compiler.source.memo import NOTHING_KEPT, Memo
from tests.cel.grammar import expressions
from tests.graph.conditions.evaluation import any_conditions
from tests.graph.conditions.schema import DESCRIPTORS, SCOPE, parsed

SYNTAX = [
    ("request.n «=» 1", "`=` is no operator of CEL: `==` compares", "request.n == 1"),
    ("request.flag «&» true", "`&` is no operator of CEL: `&&` joins conditions", "request.flag && true"),
    ("request.flag «and» true", "`and` is no operator of CEL: write `&&`", "request.flag && true"),
    ("(request.flag «or» true)", "`or` is no operator of CEL: write `||`", "(request.flag || true)"),
    ("«not» request.flag", "`not` is no operator of CEL: write `!`", "!request.flag"),
    ("true && «not» request.flag", "`not` is no operator of CEL: write `!`", "true && !request.flag"),
    ("«$»request.flag", "a condition names the request and steps without a `$`: `request`", "request.flag"),
    (
        "request.frame.«in» == 'a'",
        "`in` is a word of CEL: as a field it goes between backticks",
        "request.frame.`in` == 'a'",
    ),
    ("«loop».width > 1u", "`loop` is a word of CEL, and cannot be named in a condition", None),
    ("request.text == «'»a", "this text is not closed, or has an escape that CEL does not know", None),
    ('request.text == «"\\uD800"»', "this text ends with a backslash, or has an escape that is no character", None),
    ("«(»request.flag", "a `)` is missing after `(`", "(request.flag)"),
    ("request.n in «[»1, 2", "a `]` is missing after `[`", "request.n in [1, 2]"),
    ("request.flag«)»", "this `)` closes nothing", None),
    ("request.flag «&&»", "nothing follows `&&`", None),
    ("«&&» request.flag", "a value is missing before `&&`", None),
    ("«»", "there is no condition here", None),
    ("request.flag «?» true", "a `:` and what holds otherwise is missing after `?`", None),
    ("request«.»", "a field's name is missing after this dot", None),
    ("request«.»?flag", "a field's name is missing after this dot", None),
    ("request.n == «99999999999999999999»", "this number needs more than 64 bits", None),
    (f"request.n == «{'9' * 5000}»", "this number needs more than 64 bits", None),
    ("request.flag «request».flag", "`request` cannot follow here", None),
    ("request.text == 'a' «;»", "`;` is no part of CEL", None),
    ("«😀» == 'é'", "`😀` is no part of CEL", None),
    ("a\n && «\0»", "`U+0000` is no part of CEL", None),
    ("(" * 40 + "«(»" + "a", "this condition is nested more than 40 deep", None),
]
TYPES = [
    (
        "«requst».flag",
        "a condition names the request and steps, and `requst` is none of them",
        "request.flag",
    ),
    ("«True»", "CEL writes `true`, not `True`", "true"),
    ("f != «None»", "CEL writes `null`, not `None`", "f != null"),
    ("request.«checkNudity»", "the message `t.v1.Request` has no field `checkNudity`", "request.check_nudity"),
    ("request.frame.«widht» > 1u", "the message `t.v1.Frame` has no field `widht`", "request.frame.width > 1u"),
    ("has(request.«fram»)", "the message `t.v1.Request` has no field `fram`", "has(request.frame)"),
    (
        "request.frame.parts.all(p, p.«with» > 1u)",
        "the message `t.v1.Frame` has no field `with`",
        "request.frame.parts.all(p, p.width > 1u)",
    ),
    (
        "request.frame.tags.«length» > 0",
        "a list of `string` has no fields, such as `length`",
        "size(request.frame.tags) > 0",
    ),
    (
        "'é😀' == 'x' || request.frame.width > «3»",
        "a `uint` is compared with an `int`",
        "'é😀' == 'x' || request.frame.width > 3u",
    ),
    (
        "request.flag\n && request.frame.width > «3»",
        "a `uint` is compared with an `int`",
        "request.flag\n && request.frame.width > 3u",
    ),
    ("«3» < request.frame.width", "an `int` is compared with a `uint`", "3u < request.frame.width"),
    ("request.frame.score >= «1»", "a `double` is compared with an `int`", "request.frame.score >= 1.0"),
    ("request.n == «1.0»", "an `int` is compared with a `double`", "request.n == 1"),
    ("request.n «==» 1.5", "an `int` is compared with a `double`", None),
    ("request.n «<» request.frame.width", "an `int` is compared with a `uint`", None),
    ("request.flag == «'true'»", "a `bool` is compared with a `string`", "request.flag == true"),
    (
        "request.frame.width «in» [1, 2]",
        "a `uint` is looked for among values that are each an `int`",
        "request.frame.width in [1u, 2u]",
    ),
    (
        "request.text in «'abc'»",
        "`in` looks into a list or a map, and this is a `string`",
        "'abc'.contains(request.text)",
    ),
    (
        "request.frame.colour == «'COLOUR_RED'»",
        "a value of `t.v1.Colour` is compared with a `string`",
        "request.frame.colour == t.v1.Colour.COLOUR_RED",
    ),
    (
        "request.frame.colour == «COLOUR_RED»",
        "`COLOUR_RED` is written with its enum's full name",
        "request.frame.colour == t.v1.Colour.COLOUR_RED",
    ),
    (
        "request.frame.colour == «t.v1.COLOUR_RED»",
        "nothing has the name `t.v1.COLOUR_RED`",
        "request.frame.colour == t.v1.Colour.COLOUR_RED",
    ),
    (
        "request.frame.colour == t.v1.Colour.«COLOR_RED»",
        "the enum `t.v1.Colour` has no value `COLOR_RED`",
        "request.frame.colour == t.v1.Colour.COLOUR_RED",
    ),
    ("f «==» request", "a message `t.v1.Frame` is compared with a message `t.v1.Request`", None),
    ("f «<» g", "messages have no order", None),
    ("«f.width == null»", "a `uint` is never null", "!has(f.width)"),
    ("«f.width»", "a condition is true or false, and this is a `uint`", "f.width != 0u"),
    ("«request.frame»", "a condition is true or false, and this is a message `t.v1.Frame`", "has(request.frame)"),
    ("«f»", "a condition is true or false, and this is a message `t.v1.Frame`", "f != null"),
    (
        "«request.frame.tags»",
        "a condition is true or false, and this is a list of `string`",
        "size(request.frame.tags) > 0",
    ),
    ("!«request.text»", "`!` takes what is true or false, and this is a `string`", '!(request.text != "")'),
    (
        "request.flag && «request.n»",
        "`&&` takes what is true or false, and this is an `int`",
        "request.flag && request.n != 0",
    ),
    (
        "«request.n» ? true : false",
        "`?` takes what is true or false, and this is an `int`",
        "request.n != 0 ? true : false",
    ),
    ("«len»(request.text) > 1", "CEL has no function `len`", "size(request.text) > 1"),
    ("request.text.«startswith»('a')", "CEL has no method `startswith`", "request.text.startsWith('a')"),
    ("«shout»(request.text)", "CEL has no function `shout`", None),
    (
        "request.text.startsWith«(»1)",
        "CEL refuses this: found no matching overload for 'startsWith' applied to '(string, int)'",
        None,
    ),
    (
        "'é😀' == 'x' || request.text.startsWith«(»1)",
        "CEL refuses this: found no matching overload for 'startsWith' applied to '(string, int)'",
        None,
    ),
    (
        "request.flag\n||\n has(«f»)",
        "`has` asks whether a field is set, and this is none",
        "request.flag\n||\n f != null",
    ),
    ("[1].all(request«.»n, true)", "CEL refuses this: all() variable name must be a simple identifier", None),
    (
        "f == null && «f».all(x, true)",
        "CEL refuses this: expression of type 't.v1.Frame' cannot be the range of a comprehension (must be list, map, or dynamic)",  # noqa: E501
        None,
    ),
]
RIGHT = [
    "request.flag",
    "f.sure",
    "dyn(f) == null",
    "f.`in` == 'a'",
    "f.meta.a.b.c == 1",
    "f.any == 1",
    "f.limit == null || f.limit > 3",
    "f in [null]",
    "request.frame.colour == 1",
    "request.frame.at > timestamp('2020-01-01T00:00:00Z')",
    "type(f) == t.v1.Frame",
    "t.v1.Frame{width: 1u} == f",
    ".request.flag",
    "request.frame.parts[0].tags.exists(t, t.startsWith('a'))",
    "request.text.matches('a+') && int(request.text) > 3",
    "request.frame.took < duration('1s') // as long as a second",
]


def mended(text: str, mistake: Mistake) -> str | None:
    mend = mistake.mend
    return None if mend is None else text[: mend.start] + mend.text + text[mend.end :]


def marked(text: str, mistake: Mistake) -> str:
    return f"{text[: mistake.start]}«{text[mistake.start : mistake.end]}»{text[mistake.end :]}"


@pytest.mark.parametrize(("marks", "message", "fixed"), SYNTAX, ids=[case[0][:40] for case in SYNTAX])
def test_a_text_that_is_no_condition(marks: str, message: str, fixed: str | None) -> None:
    text = marks.replace("«", "").replace("»", "")
    (mistake,) = read_condition(text).errors
    assert (marked(text, mistake), mistake.message, mended(text, mistake)) == (marks, message, fixed)


@pytest.mark.parametrize(("marks", "message", "fixed"), TYPES, ids=[case[0][:40] for case in TYPES])
def test_a_condition_that_does_not_fit_the_messages(marks: str, message: str, fixed: str | None) -> None:
    text = marks.replace("«", "").replace("»", "")
    (mistake,) = check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS)["a"]
    assert (marked(text, mistake), mistake.message, mended(text, mistake)) == (marks, message, fixed)


@pytest.mark.parametrize("fixed", [fixed for *_, fixed in (*SYNTAX, *TYPES) if fixed is not None])
def test_a_mended_condition_is_right(fixed: str) -> None:
    found = check_conditions({"a": parsed(fixed)}, SCOPE, DESCRIPTORS)
    assert found == {} or fixed.startswith(("request.n in", "request.n == 1.0"))


@pytest.mark.parametrize("text", RIGHT)
def test_a_condition_that_is_right(text: str) -> None:
    assert check_conditions({"a": parsed(text)}, SCOPE, DESCRIPTORS) == {}


def test_every_mistake_is_told() -> None:
    (first, second) = check_conditions({"a": parsed("request.flg && f.widht > 1u")}, SCOPE, DESCRIPTORS)["a"]
    assert (first.message, second.message) == (
        "the message `t.v1.Request` has no field `flg`",
        "the message `t.v1.Frame` has no field `widht`",
    )


def test_nothing_is_said_of_a_step_whose_type_is_not_known() -> None:
    scope = Scope({**SCOPE.variables, "later": ""}, SCOPE.schema)
    assert check_conditions({"a": parsed("later.anything > 3 && later != null")}, scope, DESCRIPTORS) == {}


@given(st.one_of(expressions, any_conditions))
def test_every_mistake_is_in_the_text(text: str) -> None:
    condition = read_condition(text).parsed
    assert condition is not None
    for mistake in check_conditions({"a": condition}, SCOPE, DESCRIPTORS).get("a", ()):
        assert 0 <= mistake.start <= mistake.end <= len(text)


class Kept(Memo):
    """A memo that counts."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.found = 0

    def find(self, key: str) -> bytes | None:
        self.found += key in self.contents
        return self.contents.get(key)

    def keep(self, key: str, content: bytes) -> None:
        self.contents[key] = content


CONDITIONS = {"a": "request.text.startsWith(1)", "b": "request.flag", "c": "request.flag", "d": "f != null"}


def checked(memo: Memo, scope: Scope = SCOPE, **more: str) -> dict[str, tuple[Mistake, ...]]:
    return check_conditions(
        {name: parsed(text) for name, text in {**CONDITIONS, **more}.items()}, scope, DESCRIPTORS, memo
    )


def test_what_the_official_checker_says_is_asked_once() -> None:
    memo = Kept()
    assert checked(memo) == checked(memo) == checked(NOTHING_KEPT)
    assert (memo.found, len(memo.contents)) == (1, 1)


def test_what_a_condition_does_not_name_does_not_matter() -> None:
    memo = Kept()
    checked(memo)
    checked(memo, SCOPE._replace(variables={**SCOPE.variables, "g": "t.v1.Request", "h": "t.v1.Frame"}))
    assert (memo.found, len(memo.contents)) == (1, 1)


def test_another_condition_or_type_is_asked_for_anew() -> None:
    memo = Kept()
    checked(memo)
    checked(memo, e="request.n > 3")
    checked(memo, SCOPE._replace(variables={**SCOPE.variables, "f": "t.v1.Request"}))
    assert (memo.found, len(memo.contents)) == (0, 3)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b'{"request.flag": 3}', b'{"request.flag": [[1]]}'])
def test_a_kept_answer_of_another_form_is_none(content: bytes) -> None:
    memo = Kept()
    checked(memo)
    memo.contents = dict.fromkeys(memo.contents, content)
    assert checked(memo) == checked(NOTHING_KEPT)


def test_names_of_conditions_that_are_wrong_alike_are_all_told() -> None:
    found = checked(NOTHING_KEPT, e="request.text.startsWith(1)")
    assert sorted(found) == ["a", "e"]
