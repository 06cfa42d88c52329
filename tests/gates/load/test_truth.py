"""What is planted in real processes is found, and what is not there is not: by the load gate's own loader and judges.

Services are processes that do what they are told (`tests.load.serving`), loaded over gRPC on this machine, beside a
process that takes a core for stretches of time. Nothing is simulated but what the services do.
"""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import pytest

from comb_compiler.cli.gate.loaded import Loaded, turned
from comb_compiler.gates.load.judging import Finding, against_baseline, growing
from comb_compiler.gates.load.ratios import quantile
from comb_compiler.gates.load.seen import Side, Step
from comb_compiler.gates.load.turns import parted
from comb_compiler.gates.verdicts import Verdict, of_all
from comb_compiler.load import ERROR, PERCENTILES, Generator, Histogram, Input
from tests.load.serving import PATH, serving_process
from tests.support.trials import Trial

_HASHES = 15_000
"""Some 15 ms of a core."""
_NEIGHBOUR = """
import random, time
while True:
    end = time.monotonic() + random.expovariate(1.0)
    while time.monotonic() < end:
        pass
    time.sleep(random.expovariate(1.0))
"""


@contextmanager
def neighbour() -> Iterator[None]:
    """A process that wants a core half of the time."""
    with subprocess.Popen([sys.executable, "-c", _NEIGHBOUR]) as process:
        try:
            yield
        finally:
            process.kill()


class Told(NamedTuple):
    """What a load has to know of a service that is no comb."""

    name: str
    place: tuple[str, int]
    path: str
    process: int
    metrics: str = ""
    start: float = 0.0
    certificates: None = None


def loaded(name: str, generator: Generator, stack: ExitStack, *command: str) -> Loaded:
    port, process = stack.enter_context(serving_process(*command))
    service = Told(name, ("127.0.0.1", port), PATH, process)
    return Loaded(service, (Input(b"text"),), 5.0, generator, stack)


class Work(NamedTuple):
    """What a service does for each request, of which `amount` says how much; and how it is loaded."""

    kind: str
    amount: float
    rate: float
    hold: float


def judged(generator: Generator, work: Work, slower: float) -> tuple[list[Finding], Side]:
    """What is said of a candidate whose work takes so many times as long."""
    with ExitStack() as stack:
        baseline = loaded("baseline", generator, stack, work.kind, str(work.amount))
        candidate = loaded("candidate", generator, stack, work.kind, str(work.amount * slower))
        for one in (baseline, candidate):
            one.held(work.rate, 1.0)
        found = turned(baseline, candidate, work.rate, parted(work.hold, work.rate))
        return against_baseline(Step(work.rate, turned=found), 0.1, (0.5, 0.95), findings=4), found.candidate


@pytest.mark.prove
def test_planted_slowness_of_what_waits_is_found(trial: Trial) -> None:
    """Services that wait, one request at a time, as for a device.

    What the neighbour adds to a request, up to some 10 ms, is small beside what a fifth of a service is: of services of
    30 ms, simulated so, 85% are found, of these all are. Trials that run at once are further neighbours.
    """
    tried(trial, Work("queue", 0.06, 8.0, 20.0), at_once=10)


@pytest.mark.prove
def test_planted_slowness_of_what_computes_is_found(trial: Trial) -> None:
    """Services that compute, which the neighbour slows: this needs a machine that has nothing else to do."""
    tried(trial, Work("spin", float(_HASHES), 15.0, 20.0), at_once=1)


def tried(trial: Trial, work: Work, at_once: int) -> None:
    """A fifth more work, and not any more, by turns; as many trials as there is time for, at most 100 and 200."""
    seen: dict[str, dict[str, int]] = {"a fifth slower": {}, "no change": {}}
    ratios: dict[str, list[float]] = {"a fifth slower": [], "no change": []}
    furthest = 0.0
    with neighbour(), ThreadPoolExecutor(at_once) as pool:
        for done in range(0, 300, at_once):
            for what, (findings, candidate) in pool.map(partial(one_of, work), range(done, min(done + at_once, 300))):
                verdict = of_all([one.verdict for one in findings]).value
                seen[what][verdict] = seen[what].get(verdict, 0) + 1
                ratios[what] += [round(one.value, 3) for one in findings if one.what == "p50" and one.value is not None]
                furthest = max(furthest, off_by(candidate))
            trial.note(seen=seen, ratios_of_p50=ratios, histogram_off_by=furthest, histogram_error=ERROR)
            trial.note(at_once=at_once)
            if done >= 2 and not trial.goes_on():
                break
    found, changed = seen["a fifth slower"], seen["no change"]
    assert found.get("blocked", 0) >= 0.9 * sum(found.values())
    assert changed.get("blocked", 0) <= max(1, 0.025 * sum(changed.values()))
    assert furthest <= ERROR


def one_of(work: Work, number: int) -> tuple[str, tuple[list[Finding], Side]]:
    """Every third candidate is slower."""
    what, slower = ("a fifth slower", 1.2) if number % 3 == 0 else ("no change", 1.0)
    with Generator() as generator:
        return what, judged(generator, work, slower)


def off_by(side: Side) -> float:
    """By what share percentiles of the histogram are off those of the latencies themselves, at most."""
    took = sorted(one for turn in side.turns for one in turn.took)
    histogram = Histogram.of(took)
    exact = {share: quantile(took, share) for share in PERCENTILES}
    return max(abs(histogram.quantile(share) / value - 1.0) for share, value in exact.items())


@pytest.mark.prove
def test_a_planted_leak_is_found(trial: Trial) -> None:
    """A megabyte a second, beside a service that keeps nothing: within a minute of load."""
    seconds: list[float] = []
    alarms = 0
    with neighbour(), Generator() as generator:
        for _ in range(20):
            with ExitStack() as stack:
                leaking = loaded("candidate", generator, stack, "leak", "1e6")
                steady = loaded("baseline", generator, stack, "leak", "0")
                steady.held(20.0, 5.0)
                seconds.append(first_alarm(leaking, steady))
                alarm = growing(steady.memory(), (), None, findings=8)
                alarms += alarm is not None and alarm.verdict is Verdict.BLOCKED
            trial.note(found_after_seconds=seconds, false_alarms=alarms)
            if not trial.goes_on():
                break
    assert max(seconds) <= 60.0
    assert not alarms


def first_alarm(leaking: Loaded, steady: Loaded) -> float:
    """After how many seconds of load the leak is said to be one; 90 where it never is."""
    for seconds in range(5, 91, 5):
        leaking.held(20.0, 5.0)
        found = growing(leaking.memory(), steady.memory(), None, findings=8)
        if found is not None and found.verdict is Verdict.BLOCKED:
            return float(seconds)
    return 90.0
