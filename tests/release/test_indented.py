"""JSON with a line for each value: the same bytes as the standard library's."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from comb_compiler.release.indented import indented

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(), one, max_size=4))


@given(values, st.integers(0, 4))
def test_it_is_what_the_standard_library_writes(value: Any, indent: int) -> None:
    assert indented(value, indent) == json.dumps(value, indent=indent, ensure_ascii=False)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_what_is_not_finite_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON has no"):
        indented(value, 1)


@pytest.mark.parametrize("value", [b"", {"a": {1}}, [object()], {"a": (1,)}])
def test_what_json_lacks_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="JSON has no"):
        indented(value, 1)
