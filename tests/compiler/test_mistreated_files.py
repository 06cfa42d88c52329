"""No input whatever makes the compiler raise, hang or point outside the file. `make prove` goes on for ten minutes."""

import pytest
from hypothesis import given, strategies as st

from tests.support.fuzzing import corpus, judge, judge_pair, mistreated, mistreated_pair
from tests.support.horrors import HORRORS

SEEDS = corpus()
BATCHES = range(20)
BATCH = 50
PAIRS = 10

_YAML_LIKE = st.text(alphabet=st.sampled_from("ab:-?[]{},&*!|>'\"#%@`~ \n\t\r0.9eE+_=<\ufeff\u2028\x85🐝"), max_size=60)


@pytest.mark.parametrize("horror", HORRORS, ids=range(len(HORRORS)))
def test_a_horror_is_survived(horror: bytes) -> None:
    assert judge(horror) == []


@pytest.mark.parametrize("batch", BATCHES)
def test_a_mistreated_file_is_survived(batch: int) -> None:
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        content = mistreated(SEEDS, 0, number)
        assert judge(content) == [], (number, content)


@pytest.mark.parametrize("batch", BATCHES)
def test_a_mistreated_comb_or_platform_beside_the_other_is_survived(batch: int) -> None:
    for number in range(batch * PAIRS, (batch + 1) * PAIRS):
        pair = mistreated_pair(0, number)
        assert judge_pair(pair) == [], (number, pair)


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(content: bytes) -> None:
    assert judge(content) == []


@given(_YAML_LIKE)
def test_anything_like_yaml_is_survived(text: str) -> None:
    assert judge(text.encode()) == []


def test_mistreatment_can_be_repeated() -> None:
    assert [mistreated(SEEDS, 5, n) for n in range(50)] == [mistreated(SEEDS, 5, n) for n in range(50)]
    assert len({mistreated(SEEDS, 5, n) for n in range(50)}) > 40
    assert [mistreated_pair(5, n) for n in range(50)] == [mistreated_pair(5, n) for n in range(50)]
