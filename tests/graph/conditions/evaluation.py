"""Random conditions that are right by their types, random messages for them, and what CEL says of the two."""

from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel
from hypothesis import strategies as st

from tests.graph.conditions.schema import POOL, SCOPE, message

__all__ = ["any_conditions", "evaluate", "field_conditions", "messages", "plain_conditions", "small_conditions"]

_ENVIRONMENT = cel.NewEnv(
    descriptor_pool=POOL,
    variables={
        # A variable that is declared as a message cannot be given null.
        name: cel.Type(kind) if name in SCOPE.always else cel.Type.DYN
        for name, kind in SCOPE.variables.items()
    },
)
_ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_EQUALITY = st.sampled_from(["==", "!="])


def _compared(name: str, constants: list[str], signs: st.SearchStrategy[str] = _ORDER) -> st.SearchStrategy[str]:
    right = st.builds(lambda sign, constant: f"{name} {sign} {constant}", signs, st.sampled_from(constants))
    flipped = st.builds(lambda sign, constant: f"{constant} {sign} {name}", signs, st.sampled_from(constants))
    among = st.lists(st.sampled_from(constants), max_size=3).map(lambda items: f"{name} in [{', '.join(items)}]")
    return st.one_of(right, right, flipped, among)


_COLOURS = ["t.v1.Colour.COLOUR_UNSPECIFIED", "t.v1.Colour.COLOUR_RED", "t.v1.Colour.COLOUR_GREEN"]
_SHAPES = ["t.v1.Shape.SHAPE_ROUND", "t.v1.Shape.SHAPE_FLAT"]
_FIELDS = st.one_of(
    st.sampled_from(
        ["true", "false", "request.flag", "request.flag == true", "false != request.flag", "f == null", "f != null"]
    ),
    _compared("request.n", ["0", "1", "2", "5", "-9223372036854775808", "9223372036854775807"]),
    _compared("f.small", ["0", "1", "2147483647", "3000000000"]),
    _compared("f.width", ["0u", "1u", "2u", "4294967295u", "4294967296u"]),
    _compared("f.score", ["0.0", "1.0", "1.5", "-1e308"]),
    _compared("request.text", ["''", "'a'", "'b'", "'a\\u0000'"]),
    _compared("f.colour", _COLOURS),
    _compared("old.shape", _SHAPES, _EQUALITY),
)
"""Each compares a field with a constant that is written out."""
_PLAIN = st.one_of(
    _FIELDS,
    _compared("f.took", ["duration('0s')", "duration('1500ms')", "duration('1m30s')", "duration('90000ms')"]),
    _compared("f.at", ["timestamp('1970-01-01T00:00:00Z')", "timestamp('2026-01-31T12:00:00.25+08:00')"]),
    _compared("request.n", ["2 * 3 - 1", "0"]),
)
"""Each compares a field with a constant."""
_ODD = st.one_of(
    st.sampled_from(
        [
            "f.tags[0] == 'a'",
            "'a' in f.tags",
            "f.tags.exists(t, t == 'a')",
            "has(f.width)",
            "has(f.limit)",
            "f.sure",
            "f.sure == true",
            "f.limit == null",
            "f == g",
            "f.width == g.width",
            "f.small < request.n",
            "request.n > f.small",
            "f.score == f.score",
            "f == f",
            "size(f.tags) > 0",
            "f.tags.size() >= 0",
            "f.meta.a == 1.0",
            "f.any == null",
            "request.n / f.small > 1",
            "!has(request.frame)",
            "g == null",
            "g.width == 1u",
            "f.took > duration('1s')",
            "request.text.startsWith('a')",
            "(request.n > 1) == request.flag",
            "(request.n > 1) != true",
            "f.limit == f.limit",
            "request.n + 1 > 3",
            "f.parts[0].width > 1u",
            "f.ratio == 0.1",
            "g != null ? g.width > 1u : request.flag",
            "request.n in [f.small, 1]",
            "f.tags[0] in ['a', 'b']",
            "'a' in [f.tags[0], 'a']",
            "request.text == 'a\\u0000'",
            'request.text in [r\'a\', """b""", \'\\x61b\']',
            "f.`in` == ''",
            "f.raw == b'\\xff'",
            "f.width == 0x2u",
            "request.n > - 1",
            ".request.flag",
            "!!request.flag",
            "f.colour in [t.v1.Colour.COLOUR_RED, 7]",
            "f.tags[0] in []",
        ]
    ),
    _compared("f.limit", ["0", "1", "null"], _EQUALITY),
    _compared("f.limit", ["0", "1", "2"]),
    _compared("f.ratio", ["0.1", "0.5", "1.0"]),
    _compared("f.any", ["1", "1.0", "'a'", "true", "null", "2u"], _EQUALITY),
    _compared("size(request.text)", ["0", "1"]),
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    row = st.builds(
        lambda sign, parts: sign.join(f"({part})" for part in parts),
        st.sampled_from([" && ", " || "]),
        st.lists(inner, min_size=2, max_size=4),
    )
    return st.one_of(
        row,
        row,
        inner.map(lambda text: f"!({text})"),
        st.builds(lambda test, yes, no: f"({test}) ? ({yes}) : ({no})", inner, inner, inner),
        st.builds(
            lambda text, sign, value: f"({text}) {sign} {value}", inner, _EQUALITY, st.sampled_from(["true", "false"])
        ),
    )


field_conditions = st.recursive(_FIELDS, _joined, max_leaves=8)
"""Conditions of which every operand is a field or a constant that is written out, or whether `f` is null."""
plain_conditions = st.recursive(_PLAIN, _joined, max_leaves=8)
"""The same, with constants that are worked out."""
small_conditions = st.recursive(_PLAIN, _joined, max_leaves=3)
"""The same, small enough for every proof about them to come to its end."""
any_conditions = st.recursive(st.one_of(_PLAIN, _ODD), _joined, max_leaves=8)
"""Conditions with operands of all kinds, some of which may fail."""

_frames = st.builds(
    lambda given: message("Frame", **given),
    st.fixed_dictionaries(
        {},
        optional={
            "width": st.sampled_from([0, 1, 2, 3, 2**32 - 1]),
            "score": st.sampled_from([0.0, 0.5, 1.0, 1.25, 1.5, float("nan"), float("inf"), -1e308]),
            "ratio": st.sampled_from([0.1, 0.5, 1.0, 2.0]),
            "tags": st.lists(st.sampled_from(["a", "b"]), max_size=2),
            "colour": st.sampled_from([0, 1, 2, 7, -1]),
            "small": st.sampled_from([0, 1, 2, 2**31 - 1, -1]),
            "limit": st.sampled_from([{"value": 0}, {"value": 1}, {"value": 3}]),
            "sure": st.sampled_from([{"value": True}, {"value": False}]),
            "took": st.sampled_from([{"seconds": 1}, {"seconds": 1, "nanos": 500_000_000}, {"seconds": 90}]),
            "at": st.sampled_from([{"seconds": 1}, {"seconds": 1_769_832_000, "nanos": 250_000_000}, {"seconds": -1}]),
            "meta": st.sampled_from([{}, {"a": 1.0}, {"a": "x"}]),
            "any": st.sampled_from(
                [{"number_value": 1}, {"string_value": "a"}, {"null_value": 0}, {"bool_value": True}]
            ),
        },
    ),
)
_requests = st.builds(
    lambda given: message("Request", **given),
    st.fixed_dictionaries(
        {},
        optional={
            "n": st.sampled_from([0, 1, 2, 3, 5, 6, -1, -(2**63), 2**63 - 1]),
            "flag": st.booleans(),
            "text": st.sampled_from(["", "a", "a\0", "ab", "b", "c"]),
        },
    ),
)
_olds = st.builds(lambda number: message("Old", shape=number), st.sampled_from([1, 3]))
messages = st.fixed_dictionaries(
    {
        "request": _requests,
        "old": _olds,
        "f": st.one_of(st.none(), _frames, _frames),
        "g": st.one_of(st.none(), _frames),
    }
)
"""Values of the variables of `SCOPE`."""


def evaluate(text: str, data: Mapping[str, Any]) -> bool | None:
    """What CEL says; None for an error."""
    value = _ENVIRONMENT.compile(text).eval(data=dict(data)).value()
    return value if isinstance(value, bool) else None
