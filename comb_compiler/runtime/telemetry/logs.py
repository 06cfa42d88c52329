"""Logs, a line each, that never hold up a request: JSON for machines, text for people.

Whatever an operator logs itself, by Python's `logging`, carries the request, the node and the arm of its call.
"""

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from comb_compiler.runtime.current import CURRENT
from comb_compiler.runtime.telemetry.outlet import Outlet

if TYPE_CHECKING:
    from comb_compiler.release import ExecutionPlan

__all__ = [
    "FORMATS",
    "LineFormatter",
    "LineWriter",
    "Names",
    "as_json",
    "as_text",
    "line_of_dropped",
    "lines_dropped",
    "name_lines",
    "names_here",
    "names_of",
    "write_logs",
]

FORMATS = ("text", "json")
_LINES = 10_000
"""How many lines may wait to be written; more are dropped, and counted."""
_LONGEST = 16_384
_END = 2.0
_OWN = re.compile(r"^_comb\d+\.")
"""What stands before the names of modules of a comb's own directory (`comb_compiler.runtime.code`)."""
_KNOWN = ("request_id", "node", "arm", "code", "seconds", "release", "suppressed")
"""What a record may say by `extra`, beside its message."""


_NAMES = "COMB_LOG_NAMES"


class Names(NamedTuple):
    """What a line says beside what its record does: the plan's name of this process, and the operator of its node."""

    process: str = ""
    operators: Mapping[str, str] = {}


_NONE = Names()


def names_of(plan: "ExecutionPlan", process: str = "") -> Names:
    """The names that a plan has. A node that differs between arms has the operators of all of them."""
    found: dict[str, dict[str, None]] = {}
    for node in (node for graph in plan.graphs for node in graph.nodes):
        found.setdefault(node.name, {})[plan.bindings[node.binding].operator] = None
    return Names(process, {node: ",".join(operators) for node, operators in found.items()})


def name_lines(names: Names) -> None:
    """Lines of this process, and of worker processes that it starts, have these names from now on."""
    os.environ[_NAMES] = json.dumps(names)
    for one in logging.getLogger().handlers:
        if isinstance(one.formatter, LineFormatter):
            one.formatter.names = names


def names_here() -> Names:
    """The names that whoever started this process has given its lines."""
    return Names(*json.loads(os.environ.get(_NAMES, "[]")))


def write_logs(
    stream: TextIO | None = None,
    *,
    format: str = "text",
    level: int = logging.INFO,
    outlets: tuple[Outlet, ...] = (),
) -> "LineWriter":
    """Write the process's logs to a stream (stderr) from now on. Whoever calls it closes what it gives.

    `outlets` are what standard streams go through: what they drop is counted by `lines_dropped`, too.
    """
    writer = LineWriter(sys.stderr if stream is None else stream, LineFormatter(format), outlets)
    root = logging.getLogger()
    root.handlers[:] = [writer]
    root.setLevel(level)
    return writer


def lines_dropped() -> int:
    """How many lines of the process's logs and standard streams nobody has read fast enough."""
    writers = [one for one in logging.getLogger().handlers if isinstance(one, LineWriter)]
    return sum(one.dropped + sum(outlet.dropped for outlet in one.outlets) for one in writers)


def line_of_dropped(format: str, names: Names = _NONE) -> Callable[[int], str]:
    """How many lines were dropped → a line of the log that says so."""
    line = LineFormatter(format, names).format
    return lambda count: line(_lost(count))


class LineFormatter(logging.Formatter):
    """The same lines for any handler: for processes that may wait for their stream."""

    def __init__(self, format: str, names: Names = _NONE) -> None:
        super().__init__()
        self._line = as_json if format == "json" else as_text
        self.names = names

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line."""
        return self._line(record, self.names)


class LineWriter(logging.Handler):
    """A handler whose lines a thread writes: a stream that is full, slow or closed is nobody's affair but its own."""

    def __init__(self, stream: TextIO, lines: LineFormatter, outlets: tuple[Outlet, ...] = ()) -> None:
        super().__init__()
        self.setFormatter(lines)
        self.outlets = outlets
        self._stream = stream
        self._lines: Queue[str | None] = Queue(_LINES)
        self.dropped = 0
        self._thread = threading.Thread(target=self._write, name="comb-logs", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; its line is made here, where its call is known."""
        try:
            line = self.format(record)
        except Exception:
            line = f'{{"level": "ERROR", "message": "a line of the log could not be made", "logger": "{record.name}"}}'
        try:
            self._lines.put_nowait(line)
        except Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, for at most two seconds."""
        try:
            self._lines.put(None, timeout=_END)
        except Full:
            return
        self._thread.join(_END)
        super().close()

    def _write(self) -> None:
        told = 0
        while True:
            line = self._lines.get()
            if line is None:
                return
            if self.dropped > told:
                told, lost = self.dropped, self.dropped - told
                line = f"{self.format(_lost(lost))}\n{line}"
            try:
                self._stream.write(f"{line}\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):  # closed, or nobody reads it any more
                self._discard()

    def _discard(self) -> None:
        try:
            while self._lines.get_nowait() is not None:
                pass
        except Empty:
            time.sleep(0.1)
        else:
            self._lines.put_nowait(None)


def _lost(count: int) -> logging.LogRecord:
    message = f"{count} lines of this log were dropped, since it was not read fast enough"
    return logging.LogRecord("comb.logs", logging.WARNING, __file__, 0, message, None, None)


def as_json(record: logging.LogRecord, names: Names = _NONE) -> str:
    """A record as a JSON object on one line."""
    told: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": _OWN.sub("", record.name),
        "message": _message(record),
        **_about(record, names),
    }
    if record.exc_info and record.exc_info[1] is not None:
        told["exception"] = "".join(traceback.format_exception(record.exc_info[1]))[-_LONGEST:]
    return json.dumps(told, ensure_ascii=False, default=str)


def as_text(record: logging.LogRecord, names: Names = _NONE) -> str:
    """A record for people. Whatever is in it, its first line is its own, and further ones are indented."""
    about = " ".join(f"{name}={value}" for name, value in _about(record, names).items() if name != "trace_id")
    when = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
    line = _tame(f"{when} {record.levelname:<7} {_message(record)}{f'  ({about})' if about else ''}")
    if record.exc_info and record.exc_info[1] is not None:
        said = "".join(traceback.format_exception(record.exc_info[1]))[-_LONGEST:].rstrip()
        line += "".join(f"\n    {_tame(one)}" for one in said.split("\n"))
    return line


def _message(record: logging.LogRecord) -> str:
    try:
        message = record.getMessage()
    except Exception:  # arguments that do not fit the format
        message = f"{record.msg} {record.args!r}"
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"


def _about(record: logging.LogRecord, names: Names) -> dict[str, Any]:
    """Whose the record is, and what is known of the call in which it was made, or of what it says itself."""
    request_id, node, arm, traceparent = CURRENT.get()
    told: dict[str, Any] = {"process": names.process, "request_id": request_id, "node": node, "operator": ""}
    told |= {"arm": arm, "trace_id": traceparent[3:35]}
    told |= {name: value for name in _KNOWN if (value := getattr(record, name, None)) not in (None, "")}
    told["operator"] = names.operators.get(told["node"], "")
    return {name: value for name, value in told.items() if value not in (None, "")}


def _tame(text: str) -> str:
    """Without characters that would begin a line, or move a terminal's cursor."""
    return "".join(one if one.isprintable() or one == "\t" else f"\\x{ord(one):02x}" for one in text)
