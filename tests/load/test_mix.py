"""Inputs come in the proportions that were recorded."""

import pytest

from comb_compiler.load import Input
from comb_compiler.load.mix import mixed

ONE, TWO, THREE = (Input(body) for body in (b"1", b"2", b"3"))


def weights(found: tuple[Input, ...]) -> dict[bytes, float]:
    whole = sum(one.weight for one in found)
    return {one.body: one.weight / whole for one in found}


def test_strata_come_as_they_were_recorded_and_their_inputs_evenly() -> None:
    found = mixed({"night": [ONE, TWO], "day": [THREE]}, {"night": 100, "day": 300})
    assert weights(found.inputs) == pytest.approx({b"1": 0.125, b"2": 0.125, b"3": 0.75})
    assert found.missing == 0.0


def test_inputs_of_one_stratum_keep_their_own_weights() -> None:
    found = mixed({"day": [ONE, TWO._replace(weight=3.0)]}, {"day": 8})
    assert weights(found.inputs) == pytest.approx({b"1": 0.25, b"2": 0.75})


def test_what_no_input_stands_for_is_told() -> None:
    found = mixed({"day": [ONE], "never": [TWO]}, {"day": 300, "night": 100, "never": 0})
    assert weights(found.inputs) == {b"1": 1.0}
    assert found.missing == 0.25


def test_without_records_inputs_come_alike() -> None:
    assert mixed({"a": [ONE, TWO], "b": [THREE]}, {}) == ((ONE, TWO, THREE), 0.0)
    assert mixed({"a": [ONE]}, {"b": 5}) == ((ONE,), 1.0)
