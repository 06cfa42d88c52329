"""A real Prometheus that knows the series that it is given, and answers queries."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.processes import free_ports, running

__all__ = ["Answer", "Prometheus", "is_ready", "prometheus_with"]

_START = 1_790_000_000
_MINUTES = 10
_PATIENCE = 120.0

Answer = Mapping[tuple[tuple[str, str], ...], float]
"""Values by labels, in the order of their names."""


class Prometheus(NamedTuple):
    """A server at `url`. `now` is a time at which all series that it was given have a value."""

    url: str
    now: int

    def query(self, text: str) -> Answer:
        """What an expression yields now. Raises ValueError for one that the server refuses."""
        asked = urllib.parse.urlencode({"query": text, "time": self.now})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{asked}", timeout=_PATIENCE) as response:
                found: dict[str, Any] = json.load(response)["data"]
        except urllib.error.HTTPError as refused:
            raise ValueError(refused.read().decode()) from None
        if found["resultType"] == "scalar":
            return {(): float(found["result"][1])}
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found["result"]}


@contextmanager
def prometheus_with(
    series: Sequence[tuple[str, Mapping[str, str], float]], directory: Path, server: Path, promtool: Path
) -> Iterator[Prometheus]:
    """A server whose database holds `series`, each with its value for ten minutes, once every fifteen seconds."""
    text = directory / "series.txt"
    text.write_text("".join(_lines(series)), encoding="utf-8")
    data = directory / "data"
    made = subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", text, data], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    (directory / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [server, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={data}"]
    command += ["--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}"]
    with running("prometheus", command, directory) as started:
        started.wait(lambda: is_ready(f"{url}/-/ready"), _PATIENCE)
        yield Prometheus(url, _START + 60 * _MINUTES - 15)


def _lines(series: Sequence[tuple[str, Mapping[str, str], float]]) -> Iterator[str]:
    for name in dict.fromkeys(name for name, _, _ in series):
        yield f"# TYPE {name} gauge\n"
        for _, labels, value in (one for one in series if one[0] == name):
            said = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
            for second in range(0, 60 * _MINUTES, 15):
                yield f"{name}{{{said}}} {value} {_START + second}\n"
    yield "# EOF\n"


def is_ready(url: str) -> bool:
    """Whether a server answers there."""
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False
