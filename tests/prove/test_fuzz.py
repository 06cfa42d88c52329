"""Ten minutes of mistreated files: no exception, no hang, no crash, and every finding inside its file."""

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.architecture.imports import ROOT
from tests.support.trials import Trial

_BATCH = 500
_BATCH_SECONDS = 120
_MEMORY = 1024 * 1024 * 1024


def judged(seed: int, first: int) -> str:
    """What went wrong in one batch, or nothing."""
    command = [sys.executable, "-m", "tests.support.fuzzing", str(seed), str(first), str(_BATCH)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=_BATCH_SECONDS, preexec_fn=_little_memory
        )
    except subprocess.TimeoutExpired as hang:
        return f"input {_last(hang.stdout)} of seed {seed} hangs"
    if done.returncode == 0:
        return ""
    return f"input {_last(done.stdout)} of seed {seed} (exit code {done.returncode}):\n{done.stderr[-4000:]}"


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _last(printed: str | bytes | None) -> str:
    text = printed.decode() if isinstance(printed, bytes) else printed or ""
    return text.split()[-1] if text.split() else "?"


@pytest.mark.prove
def test_fuzzed_files(trial: Trial) -> None:
    workers = os.cpu_count() or 1
    inputs = 0
    with ThreadPoolExecutor(workers) as pool:
        while trial.goes_on():
            firsts = range(inputs, inputs + workers * _BATCH, _BATCH)
            wrong = [problem for problem in pool.map(lambda first: judged(trial.seed, first), firsts) if problem]
            assert not wrong, "\n\n".join(wrong)
            inputs += workers * _BATCH
            trial.note(inputs=inputs)
