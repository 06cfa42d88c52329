"""A recording process is ended at any instant: what was acknowledged is there once, and the rest is whole or not."""

from pathlib import Path
from random import Random

import pytest

from tests.samples.killed import ended_at_random
from tests.support.trials import Trial


@pytest.mark.slow
def test_ten_instants(tmp_path: Path) -> None:
    tally = ended_at_random(tmp_path / "store", 10, Random(7))
    assert tally.acknowledged > 10
    assert tally.begun >= tally.begun_and_there


@pytest.mark.prove
def test_a_recording_process_is_killed_200_times(trial: Trial, tmp_path: Path) -> None:
    tally = ended_at_random(tmp_path / "store", 200, trial.random)
    trial.note(**tally._asdict())
    assert tally.sealed > 3
    assert tally.deletions > 0
