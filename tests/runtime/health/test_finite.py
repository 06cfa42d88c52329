"""Where a message holds NaN or infinity."""

import sys
from math import inf, nan
from typing import Any

import pytest

from comb_compiler.runtime.health.finite import compile_walk
from tests.runtime.health.kinds import kinds

KINDS = kinds(
    {
        "Point": {"x": "float", "name": "string"},
        "Text": {"text": "string", "count": "int64"},
        "Tree": {"value": "double", "inner": "Tree", "more": "Tree*"},
        "All": {
            "score": "float", "maybe": "double?", "row": "float*", "point": "Point", "points": "Point*",
            "table": "double{}", "named": "Point{}", "text": "Text",
        },
    }
)  # fmt: skip
All, Point, Tree, Text = (KINDS[name] for name in ("All", "Point", "Tree", "Text"))


def place(message: Any) -> str | None:
    walk = compile_walk(message.DESCRIPTOR)
    assert walk is not None
    return walk(message)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_every_place_of_a_float_is_looked_at(bad: float) -> None:
    assert place(All(score=bad)) == "score"
    assert place(All(maybe=bad)) == "maybe"
    assert place(All(row=[1.0, bad])) == "row[1]"
    assert place(All(point=Point(x=bad))) == "point.x"
    assert place(All(points=[Point(), Point(x=bad)])) == "points[1].x"
    assert place(All(table={"a": bad})) == "table[0]"
    assert place(All(named={"a": Point(x=bad)})) == "named[0].x"


def test_what_is_finite_has_no_place() -> None:
    assert place(All()) is None
    assert place(All(score=3.4e38, row=[1.0, -1.0], points=[Point(x=1)], table={"a": 1.7e308, "b": 1.7e308})) is None


@pytest.mark.parametrize("with_numpy", [True, False])
@pytest.mark.parametrize(("row", "where"), [([inf, -inf], 0), ([1.0] * 500 + [nan, inf], 500), ([1.0] * 500, None)])
def test_long_rows_are_walked_with_numpy_and_without(
    monkeypatch: pytest.MonkeyPatch, with_numpy: bool, row: list[float], where: int | None
) -> None:
    if with_numpy:
        pytest.importorskip("numpy")
    else:
        monkeypatch.delitem(sys.modules, "numpy", raising=False)
    assert place(All(row=row)) == (None if where is None else f"row[{where}]")


def test_recursive_types_are_walked_to_the_bottom() -> None:
    tree = Tree(inner=Tree(more=[Tree(), Tree(inner=Tree(value=nan))]))
    assert place(tree) == "inner.more[1].inner.value"


def test_a_type_without_floats_is_not_walked() -> None:
    assert compile_walk(Text.DESCRIPTOR) is None
