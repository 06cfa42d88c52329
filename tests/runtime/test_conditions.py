"""Conditions mean what CEL says: the closures and the library agree about every expression and every value."""

import sys
from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.cel import Mistake, read
from comb_compiler.runtime import Messages, OperatorError
from comb_compiler.runtime.conditions import BadCondition, compile_condition
from comb_compiler.runtime.conditions.closures import as_closure
from comb_compiler.runtime.conditions.library import by_library
from tests.runtime.post.post_pb2 import DESCRIPTOR, Letter, Request

MESSAGES = Messages(DESCRIPTOR.pool)
PLACES = {"a": 0, "b": 1, "request": -1}
TYPES = {"a": "post.v1.Letter", "b": "post.v1.Letter", "request": "post.v1.Request"}

LETTERS = st.sampled_from(["a", "a.inner", "b", "b.inner.inner", "request.letter", "request.other"])
NUMBERS = st.sampled_from(["0", "1", "-1", "7", "post.v1.Kind.KIND_URGENT"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
OPERANDS = {
    "text": st.sampled_from(['""', "'x'", '"é"', "'~'"]),
    "number": NUMBERS,
    "kind": NUMBERS,
    "small": st.sampled_from(["0u", "3u"]),
    "weight": st.sampled_from(["0.0", "1.5", "-1.5", "1.0e3"]),
    "flag": st.sampled_from(["true", "false"]),
    "maybe": st.sampled_from(["''", "'m'"]),
}


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    field = draw(st.sampled_from(sorted(OPERANDS)))
    left = f"{draw(LETTERS)}.{field}"
    right = draw(st.one_of(OPERANDS[field], LETTERS.map(lambda letter: f"{letter}.{field}")))
    return f"{left} {draw(SIGNS)} {right}"


def constants(field: str) -> st.SearchStrategy[str]:
    return st.lists(OPERANDS[field].filter(lambda one: "." not in one), max_size=3).map(", ".join)


ATOMS = st.one_of(
    comparisons(),
    LETTERS.map(lambda letter: f"{letter}.flag"),
    st.sampled_from(["true", "false", "request.flag", "a == null", "null != b", "request.letter == null"]),
    st.builds(
        "has({}.{})".format,
        LETTERS,
        st.sampled_from(["inner", "text", "maybe", "lines", "weight", "number", "flag", "kind", "picture"]),
    ),
    st.builds("{}.text in [{}]".format, LETTERS, constants("text")),
    st.builds("{}.small in [{}]".format, LETTERS, constants("small")),
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
letters = st.builds(
    Letter,
    text=st.sampled_from(["", "x", "é", "~", "\U0001f600"]),
    number=st.integers(-2, 8),
    kind=st.integers(0, 2),
    small=st.integers(0, 4),
    weight=st.sampled_from([0.0, -0.0, 1.5, -1.5, 1000.0, float("nan"), float("inf")]),
    flag=st.booleans(),
    maybe=st.sampled_from([None, "", "m"]),
    lines=st.lists(st.just("l"), max_size=1),
    picture=st.sampled_from([b"", b"p"]),
    inner=st.one_of(st.none(), st.builds(Letter, text=st.just("x"), flag=st.booleans())),
)
maybe_letters = st.one_of(st.none(), letters)
requests = st.builds(Request, letter=maybe_letters, other=maybe_letters, flag=st.booleans())


def outcome(evaluate: Any, values: Any) -> bool | str:
    try:
        held = evaluate(values)
    except OperatorError:
        return "undefined"
    assert isinstance(held, bool)
    return held


@given(EXPRESSIONS, maybe_letters, maybe_letters, requests)
def test_closures_and_the_library_agree(expression: str, a: Letter | None, b: Letter | None, request: Request) -> None:
    library = by_library(expression, TYPES, MESSAGES)
    compiled = compile_condition(expression, PLACES, TYPES, MESSAGES)
    assert outcome(compiled, [a, b, request]) == outcome(library, {"a": a, "b": b, "request": request})


@pytest.mark.parametrize(
    "expression",
    [
        "request.flag",
        "!request.flag && a.number > 3",
        "has(a.inner) || a.inner.text == 'x'",
        "a.kind == post.v1.Kind.KIND_URGENT",
        "a == null ? request.flag : a.flag",
        "a.text in ['x', 'y']",
        "a.number >= -5 && a.weight < 0.5",
        "a.kind in [post.v1.Kind.KIND_URGENT, 7]",
        "a.text == 'caf\\u00e9' || a.number == 0x1f // or so",
        '.request.flag && !!a.flag && a.`text` in [r\'\\d\', """x"""]',
        "a.picture == b'p'",
    ],
)
def test_simple_conditions_do_without_the_library(expression: str) -> None:
    expr = read(expression)
    assert not isinstance(expr, Mistake)
    assert as_closure(expr, PLACES, TYPES, MESSAGES) is not None


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("a.text.startsWith('x')", True),
        ("size(a.lines) == 2", True),
        ("a.lines.exists(line, line == 'two')", True),
        ("a.number + 1 == 4", True),
        ("a.lines[0] == 'one'", True),
        ("a == post.v1.Letter{text: 'x'}", False),
        ("a == a", True),
    ],
)
def test_the_library_does_the_rest(expression: str, holds: bool) -> None:
    compiled = compile_condition(expression, PLACES, TYPES, MESSAGES)
    letter = Letter(text="x", lines=["one", "two"], number=3, picture=b"p")
    assert compiled([letter, None, Request()]) is holds


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("a.nope", "undefined field 'nope'"),
        ("c.text == ''", "undeclared reference to 'c"),
        ("a.text == 1", "no matching overload"),
        ("a.text", "is a STRING, not a bool"),
        ("a.text ==", "Syntax error"),
    ],
)
def test_what_is_no_condition_is_refused(expression: str, said: str) -> None:
    with pytest.raises(BadCondition, match=said):
        compile_condition(expression, PLACES, TYPES, MESSAGES)


@pytest.mark.parametrize(("count", "ours"), [(600, True), (2_000, False)])
def test_a_long_row_is_evaluated_by_us_or_by_the_library(count: int, ours: bool) -> None:
    row = " && ".join(["request.flag"] * count)
    assert isinstance(read(row), Mistake) is not ours
    holds = compile_condition(row, PLACES, TYPES, MESSAGES)
    assert [holds([None, None, Request(flag=flag)]) for flag in (True, False)] == [True, False]


def test_a_node_may_have_the_name_of_a_type_that_the_library_declares() -> None:
    places, types = {**PLACES, "list": 2}, {**TYPES, "list": "post.v1.Letter"}
    for expression in ("request.flag", "a.text.startsWith('x')"):
        holds = compile_condition(expression, places, types, MESSAGES)
        assert holds([Letter(text="x"), None, Letter(), Request(flag=True)])


def test_an_enum_constant_is_its_number() -> None:
    compiled = compile_condition("a.kind == post.v1.Kind.KIND_URGENT", PLACES, TYPES, MESSAGES)
    assert compiled([Letter(kind=1), None, Request()])
    assert not compiled([Letter(kind=0), None, Request()])


def test_without_the_package_for_conditions_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(BadCondition, match="conditions need the Python package `cel-expr-python`"):
        by_library("request.strict", TYPES, MESSAGES)
