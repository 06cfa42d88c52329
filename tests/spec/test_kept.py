"""What is kept of names and amounts that were read changes nothing: each is told the same as if it were read anew."""

import re
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from comb_compiler.source.scalars import resolve
from comb_compiler.spec import names, units
from comb_compiler.spec.shapes import JsonSchema

FORMS = {name: getattr(names, name) for name in names.__all__ if name not in ("ModelReference", "ModelReferenceParts")}
ADAPTERS = {name: TypeAdapter(form) for name, form in FORMS.items()}
AMOUNTS = {
    "Duration": units.parse_duration,
    "Ratio": units.parse_ratio,
    "Bytes": units.parse_bytes,
    "Cores": units.parse_cores,
    "GpuMemory": units.parse_gpu_memory,
}
WRITTEN = st.one_of(
    st.sampled_from(
        ["1", "a", "A", "a-", "a.b.C/d", "../x", "a@1", "1s", "0s", "80ms", "5%", "0%", "4Gi", "500m", "", " "]
    ),
    st.sampled_from([1, True, 1.0, 0, False, 0.0, None, 2, 2.0, 4096, 4096.0, 2**30]),
    st.text(max_size=70),
    st.lists(st.integers(), max_size=1),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=1),
)


def told(read: Any, value: Any) -> tuple[Any, ...]:
    """The value and its type, or pydantic's types of error."""
    try:
        found = read(value)
    except ValidationError as failure:
        return ("refused", *(error["type"] for error in failure.errors()))
    return ("read", type(found), found)


@pytest.mark.parametrize("name", sorted(FORMS))
@given(values=st.lists(WRITTEN, min_size=1, max_size=8))
def test_a_form_takes_what_its_pattern_takes_however_often_it_is_asked(name: str, values: list[Any]) -> None:
    schema = next(one.json_schema for one in get_args(FORMS[name]) if isinstance(one, JsonSchema))
    pattern, longest = schema["pattern"].removeprefix("^").removesuffix("$"), schema["maxLength"]
    for value in (*values, *values):
        fits = isinstance(value, str) and len(value) <= longest and re.fullmatch(pattern, value) is not None
        assert (told(ADAPTERS[name].validate_python, value) == ("read", str, value)) is fits


@pytest.mark.parametrize("name", sorted(AMOUNTS))
@given(values=st.lists(WRITTEN, min_size=1, max_size=8))
def test_an_amount_is_read_as_its_parser_reads_it_however_often_it_is_asked(name: str, values: list[Any]) -> None:
    anew = TypeAdapter(getattr(units, name)).validate_python
    for value in (*values, *values):
        try:
            expected = AMOUNTS[name](value)
        except Exception:
            assert told(anew, value)[0] == "refused"
        else:
            assert told(anew, value) == ("read", type(expected), expected)


@given(text=st.from_regex(r"[-+]?[0-9]{1,4}(\.[0-9]{0,4})?", fullmatch=True))
def test_a_number_of_which_nothing_is_said_is_the_same_to_readers_of_yaml_1_1(text: str) -> None:
    value, elsewhere = resolve(text)
    assert elsewhere or yaml.safe_load(text) == value
