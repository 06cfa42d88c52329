"""A real Prometheus that knows the series that it is given, and answers queries."""

import json
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Answer", "Prometheus", "prometheus_with"]

_START = 1_790_000_000
_MINUTES = 10
_PATIENCE = 30.0

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
    port = _free_port()
    command: list[str | Path] = [server, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={data}"]
    command += ["--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/-/ready", process)
        yield Prometheus(f"http://127.0.0.1:{port}", _START + 60 * _MINUTES - 15)
    finally:
        process.terminate()
        process.wait()


def _lines(series: Sequence[tuple[str, Mapping[str, str], float]]) -> Iterator[str]:
    for name in dict.fromkeys(name for name, _, _ in series):
        yield f"# TYPE {name} gauge\n"
        for _, labels, value in (one for one in series if one[0] == name):
            said = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
            for second in range(0, 60 * _MINUTES, 15):
                yield f"{name}{{{said}}} {value} {_START + second}\n"
    yield "# EOF\n"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"prometheus is not ready; it ended with {process.poll()}")
