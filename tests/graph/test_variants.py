"""What a variant shares with the comb as written is not analysed again, and nothing is overlooked for it."""

from random import Random

import pytest

from comb_compiler.graph import variants
from tests.graph.variations import findings, varied
from tests.support.trials import Trial

SEEDS = 150


def check_seed(seed: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many findings there are, which are the same when each variant is analysed as a whole."""
    text = varied(Random(seed))
    shared = findings(text)
    with monkeypatch.context() as patch:
        patch.setattr(variants, "find_changes", lambda base, variant: None)
        assert findings(text) == shared, f"seed {seed}:\n{text}"
    return len(shared)


def test_nothing_is_overlooked_that_a_whole_analysis_of_each_variant_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [check_seed(seed, monkeypatch) for seed in range(SEEDS)]
    assert SEEDS // 2 < sum(map(bool, counts)) < SEEDS


@pytest.mark.prove
def test_variants_are_analysed_where_they_differ(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    combs = found = 0
    while trial.goes_on():
        found += check_seed(trial.random.getrandbits(32), monkeypatch)
        combs += 1
        trial.note(combs=combs, findings=found)
