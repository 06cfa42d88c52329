"""A real Prometheus that has seen what a test says, scenario by scenario, each in a namespace of its own."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from comb_compiler.rollout import Tried
from comb_compiler.rollout.looking import Points
from comb_compiler.telemetry import Prometheus
from tests.servers.processes import free_ports, running
from tests.support.prometheus import is_ready

__all__ = ["EACH", "LENGTH", "RUN", "Scenario", "Seen", "seen", "tried"]

BEGIN = 1_790_000_000
LENGTH = 600
"""How long it has looked, in seconds."""
EACH = 5
RUN = "new"

At = Callable[[int], float | None]
"""The value of a series after so many seconds; None where there was none."""
Scenario = Mapping[str, At]
"""Series of one pod each, as `who metric label=value …`: who is `stable`, `candidate`, or either with a digit."""


class Seen(NamedTuple):
    """What Prometheus says, asked at the end of what it has seen."""

    server: Prometheus

    def now(self) -> float:
        """The end."""
        return float(BEGIN + LENGTH)

    def points(self, expression: str, at: float) -> list[tuple[Mapping[str, str], Points]]:
        """As the server has it."""
        return self.server.points(expression, at)


def tried(scenario: str) -> Tried:
    """The candidate of a scenario."""
    return Tried(scenario, "stable", "candidate", RUN)


@contextmanager
def seen(scenarios: Mapping[str, Scenario], directory: Path, server: Path, promtool: Path) -> Iterator[Seen]:
    """A server that has seen all of them."""
    text, data = directory / "series.txt", directory / "data"
    text.write_text("".join(_lines(scenarios)), encoding="utf-8")
    made = subprocess.run([promtool, "tsdb", "create-blocks-from", "openmetrics", text, data], capture_output=True)
    assert made.returncode == 0, made.stderr.decode()
    (directory / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [server, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={data}"]
    command += ["--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}"]
    command += ["--query.lookback-delta=6s"]  # what is not scraped is gone at once, as a stale series is
    with running("prometheus", command, directory) as started:
        started.wait(lambda: is_ready(f"{url}/-/ready"), 30.0)
        yield Seen(Prometheus(url))


def _lines(scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    rows = [
        (scenario, *said.partition(" ")[::2], at) for scenario, one in scenarios.items() for said, at in one.items()
    ]
    for metric in dict.fromkeys(said.partition(" ")[0] for _, _, said, _ in rows):
        yield f"# TYPE {metric} gauge\n"
        for scenario, who, said, at in rows:
            name, _, labels = said.partition(" ")
            if name == metric:
                yield from _samples(metric, scenario, who, labels, at)
    yield "# EOF\n"


def _samples(metric: str, scenario: str, who: str, said: str, at: At) -> Iterator[str]:
    labels = {
        "namespace": scenario,
        "service": who.rstrip("0123456789"),
        "job": who.rstrip("0123456789"),
        "instance": f"{who}:8080",
        **dict(one.split("=") for one in said.split()),
    }
    text = ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
    for second in range(0, LENGTH + 1, EACH):
        value = at(second)
        if value is not None:
            yield f"{metric}{{{text}}} {value} {BEGIN + second}\n"
