"""Long trials (`make prove`): how long they may take, the seed they start from, and the figures they leave behind.

A trial is a test marked `prove` that takes the fixture `trial`, goes on while `trial.goes_on()`, and notes what it saw
with `trial.note(…)`. With `--record` the figures are written to `tests/prove/results/<date>-<trial>.json`, to be
committed: a figure without its date and the class of machine that made it says nothing.
"""

import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

import comb_compiler

__all__ = ["RESULTS", "Trial", "add_options", "machine", "trial", "write_result"]

RESULTS = Path(__file__).parents[1] / "prove" / "results"


class Trial:
    """One long trial. `random` is seeded by `seed`, which `--trial-seed` sets to repeat a run."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.seconds = seconds
        self.seed = seed
        self.random = Random(seed)
        self.figures: dict[str, Any] = {}
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the trial began."""
        return time.monotonic() - self._began

    def goes_on(self) -> bool:
        """Whether there is time left."""
        return self.elapsed < self.seconds

    def note(self, **figures: Any) -> None:
        """Keep figures (plain JSON data) by name; the last value of a name stays."""
        self.figures |= figures


def add_options(parser: pytest.Parser) -> None:
    """The command line of `make prove`."""
    group = parser.getgroup("trials")
    group.addoption("--trial-seconds", type=float, default=600, help="how long a trial goes on (600)")
    group.addoption("--trial-seed", type=int, default=None, help="repeat a trial from its printed seed")
    group.addoption("--record", action="store_true", help="write figures to tests/prove/results")


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Iterator[Trial]:
    """The trial that a test runs as. Its seed is printed, and shown when it fails."""
    options = request.config.option
    given = options.trial_seed
    current = Trial(options.trial_seconds, secrets.randbelow(2**32) if given is None else given)
    name = request.node.name.removeprefix("test_").replace("_", "-")
    print(f"trial {name}: repeat with --trial-seed={current.seed}")
    failed_before = request.session.testsfailed
    yield current
    if options.record:
        outcome = "failed" if request.session.testsfailed > failed_before else "passed"
        write_result(RESULTS, name, {"outcome": outcome, "seed": current.seed} | _figures(current))


def _figures(current: Trial) -> dict[str, Any]:
    return {"seconds": round(current.elapsed, 1), "figures": current.figures}


def write_result(directory: Path, name: str, result: dict[str, Any]) -> Path:
    """Write one result with its date and machine; a second one of that day replaces the first."""
    today = datetime.now(UTC).date().isoformat()
    content = {"name": name, "date": today, "comb": comb_compiler.__version__, "machine": machine()} | result
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{today}-{name}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> dict[str, Any]:
    """The class of machine: what explains a figure, and nothing that names the machine."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memoryGiB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n")
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())
