"""What it costs to keep records in a directory, and to find them again, beside bare SQLite in the same run.

Bars (issue "Samples"): one process keeps at least 10,000 records of 1 KB a second, sustained to a million, with every
key field and every operator indexed, and found within a second; a look-up takes at most 0.1 ms (p50, warm); to find by
error code and time takes at most 100 ms at a million. The curve goes on to two million.

Bare SQLite keeps the same bytes, uncompressed, and the same fields in tables with an index for each: a record's row and
one for each of its operators, in transactions of the same size. Both take turns, and are measured in processor time,
system calls included, since the machine may be shared. Bare SQLite goes along up to half a million: after that it takes
more time than all else. So the whole takes some ten minutes of a quiet machine, and three gigabytes of its disk.

    .venv/bin/python benchmarks/samples.py [--records N] [--record]
"""

import argparse
import os
import platform
import random
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import By, Query

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "samples.md"
MILLION = 1_000_000
BATCH = 500
EPOCH = 1_790_000_000
EVERY = 100_000  # nanoseconds between two records: ten thousand a second
GRAPH = (
    ("boxes", "detect", ""),
    ("straight", "straighten", "text-angle@1.5.0"),
    ("lines", "recognise", ""),
    ("verdict", "decide", ""),
)
PLAIN = """
CREATE TABLE records (
    number INTEGER PRIMARY KEY, id TEXT, request_id TEXT, time INTEGER, duration INTEGER, comb TEXT, environment TEXT,
    subject TEXT, "release" TEXT, arm TEXT, user TEXT, reason INTEGER, code INTEGER, error TEXT, content BLOB
);
CREATE TABLE operators (
    number INTEGER, time INTEGER, node TEXT, operator TEXT, model TEXT, code INTEGER, duration INTEGER
);
CREATE UNIQUE INDEX by_id ON records (id);
CREATE INDEX by_request ON records (request_id);
CREATE INDEX by_time ON records (time);
CREATE INDEX by_duration ON records (duration);
CREATE INDEX by_comb ON records (comb, environment, time);
CREATE INDEX by_subject ON records (subject, time);
CREATE INDEX by_release ON records ("release", time);
CREATE INDEX by_arm ON records (arm, time);
CREATE INDEX by_user ON records (user);
CREATE INDEX by_reason ON records (reason, time);
CREATE INDEX by_code ON records (code, time);
CREATE INDEX of_record ON operators (number);
CREATE INDEX by_operator ON operators (operator, code, time);
CREATE INDEX by_model ON operators (model, time);
"""


class Traffic:
    """Records of about 1 KB: text that repeats itself, numbers that do not, one error in a hundred."""

    def __init__(self) -> None:
        self._random = random.Random(7)
        self._words = [f"{self._random.getrandbits(40):x}" for _ in range(400)]
        self._made = 0
        self._templates = [self._template(failed=number % 100 == 0) for number in range(5000)]

    def batch(self) -> list[Record]:
        self._made += BATCH
        return [self._one(number) for number in range(self._made - BATCH, self._made)]

    def _one(self, number: int) -> Record:
        """One of some thousand records, with what differs in each: to make it anew would cost more than to keep it."""
        draw, record = self._random, Record()
        record.CopyFrom(draw.choice(self._templates))
        record.id, record.request_id = f"{draw.getrandbits(128):032x}", f"{draw.getrandbits(128):032x}"
        record.user = f"{draw.randrange(10**5):032x}"
        record.time, record.duration = EPOCH * 1_000_000_000 + number * EVERY, draw.randrange(10**6, 10**8)
        return record

    def _template(self, *, failed: bool) -> Record:
        draw = self._random
        record = Record(
            schema=1, comb="frame-moderation",
            environment="production", subject="ab" * 32, release="cd" * 32, arm=draw.choice(("control", "rotate")),
            host=f"pod-{draw.randrange(8)}", interface="ef" * 32, method="moderation.v1.Moderation/Check",
            reason=2 if failed else 1, share=0.01, code=4 if failed else 0,
            error="the deadline of 300 ms passed in node straight" if failed else "",
        )  # fmt: skip
        record.request.type = "moderation.v1.Request"
        record.request.message = " ".join(draw.choices(self._words, k=25)).encode() + draw.randbytes(130)
        record.answer.type, record.answer.message = "moderation.v1.Verdict", draw.randbytes(24)
        for node, operator, model in GRAPH:
            code = 4 if failed and model else 0
            record.operators.add(
                node=node, operator=operator, model=model, code=code, began=draw.randrange(10**6),
                duration=draw.randrange(10**7), queued=draw.randrange(10**5), batch=1,
            )  # fmt: skip
        return record


class Plain:
    """Bare SQLite."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
        )
        self._connection.executescript(PLAIN)
        self._number = 0

    def put(self, records: list[Record]) -> None:
        first, self._number = self._number, self._number + len(records)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            f"INSERT OR IGNORE INTO records VALUES ({','.join('?' * 15)})",
            [
                (number, one.id, one.request_id, one.time, one.duration, one.comb, one.environment, one.subject,
                 one.release, one.arm, one.user, one.reason, one.code, one.error, one.SerializeToString())
                for number, one in enumerate(records, first)
            ],
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO operators VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, one.time, node.node, node.operator, node.model, node.code, node.duration)
                for number, one in enumerate(records, first)
                for node in one.operators
            ],
        )
        self._connection.execute("COMMIT")

    def get(self, id: str) -> Record:
        return Record.FromString(
            self._connection.execute("SELECT content FROM records WHERE id = ?", (id,)).fetchone()[0]
        )

    def find(self, code: int, since: float) -> int:
        rows = self._connection.execute(
            "SELECT id, time, duration, comb FROM records WHERE code = ? AND time >= ? ORDER BY time DESC LIMIT 100",
            (code, int(since * 1e9)),
        )
        return len(rows.fetchall())

    def close(self) -> None:
        self._connection.close()


class Spent:
    """Processor time and time by the clock."""

    def __init__(self) -> None:
        self.processor = self.clock = 0.0

    def add(self, work: Callable[[], Any]) -> None:
        processor, clock = time.process_time(), time.perf_counter()
        work()
        self.processor += time.process_time() - processor
        self.clock += time.perf_counter() - clock


def medians(work: Callable[[], Any], count: int) -> tuple[float, float]:
    """p50 of processor time, and p50 by the clock, in milliseconds, warm."""
    processor, clock = [], []
    for _ in range(count // 10 + 1):
        work()
    for _ in range(count):
        began, begun = time.process_time_ns(), time.perf_counter_ns()
        work()
        processor.append((time.process_time_ns() - began) / 1e6)
        clock.append((time.perf_counter_ns() - begun) / 1e6)
    return sorted(processor)[count // 2], sorted(clock)[count // 2]


def grown(directory: Path, records: int, stride: int, bare: int) -> list[str]:
    """The curve, in rows of a table."""
    traffic = Traffic()
    store, plain = EmbeddedStore(directory / "store"), Plain(directory / "plain.sqlite")
    rows, ids = [], []
    for total in range(stride, records + 1, stride):
        ours, theirs = Spent(), Spent()
        for _ in range(stride // BATCH):
            batch = traffic.batch()
            ours.add(lambda batch=batch: store.put(batch))
            if total <= bare:
                theirs.add(lambda batch=batch: plain.put(batch))
            ids.append(batch[0].id)
        assert store.get([batch[-1].id])  # it is found at once
        assert store.find(Query(request_id=batch[-1].request_id)).found
        found = looked_up(store, plain, ids, total <= bare), searched(store, plain, total, total <= bare)
        sizes = size(directory / "store"), size(directory, "plain.sqlite*")
        rows.append(
            row(f"{total:,}", *rates(stride, ours, theirs), *found[0], *found[1], *(f"{one:,.0f}" for one in sizes))
        )
        print(rows[-1], flush=True)
    rows += ["", *asked(store, records)]
    store.close()
    plain.close()
    return rows


def row(*cells: str) -> str:
    """Of a table."""
    return f"| {' | '.join(cells)} |"


def rates(records: int, ours: Spent, theirs: Spent) -> list[str]:
    """Records a second, ours and theirs, and how they compare."""
    if not theirs.clock:
        return [f"{records / ours.processor:,.0f}", "", "", f"{records / ours.clock:,.0f}"]
    rates = [f"{records / spent:,.0f}" for spent in (ours.processor, theirs.processor, ours.clock, theirs.clock)]
    return [rates[0], rates[1], f"{theirs.processor / ours.processor:.2f}", f"{rates[2]} / {rates[3]}"]


def looked_up(store: EmbeddedStore, plain: Plain, ids: list[str], both: bool) -> list[str]:
    """Some of the ids, again and again."""
    draw = random.Random(1)
    some = draw.sample(ids, min(len(ids), 300))
    ours = medians(lambda: store.get([draw.choice(some)]), 3000)
    theirs = medians(lambda: plain.get(draw.choice(some)), 3000) if both else None
    return [f"{one[0]:.3f} / {one[1]:.3f}" if one else "" for one in (ours, theirs)]


def searched(store: EmbeddedStore, plain: Plain, total: int, both: bool) -> list[str]:
    """The newest hundred with an error code, since the middle."""
    since = EPOCH + total * EVERY / 1e9 / 2
    ours = medians(lambda: store.find(Query(codes=(4,), since=since)), 50)
    theirs = medians(lambda: plain.find(4, since), 50) if both else None
    return [f"{one[0]:.1f} / {one[1]:.1f}" if one else "" for one in (ours, theirs)]


def peak() -> float:
    """Megabytes of memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size(directory: Path, pattern: str = "**/*") -> float:
    """Megabytes of files."""
    return sum(path.stat().st_size for path in directory.glob(pattern) if path.is_file()) / 1e6


def asked(store: EmbeddedStore, records: int) -> list[str]:
    """What other questions take at the end, in rows of a table."""
    middle = EPOCH + records * EVERY / 1e9 / 2
    failed = Query(operator="straighten", operator_code=4, until=middle)
    by = [By.CODE, By.ARM]
    questions: list[tuple[str, Callable[[], Any], int]] = [
        ("newest 100 of an arm", lambda: store.find(Query(arm="rotate")), 20),
        ("100 in which an operator failed, from the middle back", lambda: store.find(failed), 20),
        ("100 of a model, from the middle back", lambda: store.find(Query(model=GRAPH[1][2], until=middle)), 20),
        ("all of one user", lambda: store.find(Query(user=f"{77:032x}")), 20),
        ("by request id", lambda: store.find(Query(request_id="none")), 20),
        ("100 with words in an error", lambda: store.find(Query(text="deadline STRAIGHT")), 20),
        ("counts of all by code and arm, in stretches of ten seconds", lambda: store.count(Query(), by, 10.0), 3),
        ("percentiles of all requests", lambda: store.latency(Query()), 1),
        ("percentiles of all nodes by operator", lambda: store.latency(Query(), by=[By.OPERATOR]), 1),
        ("everything, whole, in order", lambda: sum(1 for _ in store.scan(Query())), 1),
        ("deletion of one user", lambda: store.delete(Query(user=f"{78:032x}")), 1),
        ("deletion of the older half", lambda: store.delete(Query(until=middle)), 1),
    ]
    rows = ["| asked, at the end | processor time, ms | by the clock, ms |", "|---|---:|---:|"]
    for name, question, count in questions:
        taken = medians(question, count) if count > 1 else once(question)
        rows.append(f"| {name} | {taken[0]:,.1f} | {taken[1]:,.1f} |")
        print(rows[-1], flush=True)
    return rows


def once(work: Callable[[], Any]) -> tuple[float, float]:
    """Processor time and time by the clock, in milliseconds."""
    spent = Spent()
    spent.add(work)
    return spent.processor * 1000, spent.clock * 1000


HEAD = """\
| records | records/s of processor time | bare SQLite | ratio | by the clock, ours / bare | get, ms | bare SQLite \
| find, ms | bare SQLite | MB on disk | bare SQLite |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""
NOTES = """\
`get` is of one id of 300, warm; `find` is of the newest hundred with an error code since the middle: p50 of processor
time / p50 by the clock."""


def main() -> None:
    """Measure, print, and write the table if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=2 * MILLION)
    parser.add_argument("--stride", type=int, default=MILLION // 4)
    parser.add_argument("--bare", type=int, default=MILLION // 2, help="up to how many bare SQLite goes along")
    parser.add_argument("--record", action="store_true", help=f"write {RESULT.relative_to(ROOT)}")
    options = parser.parse_args()
    print(HEAD)
    directory = Path(tempfile.mkdtemp(prefix="comb-samples-"))
    try:
        rows = grown(directory, options.records, options.stride, options.bare)
    finally:
        shutil.rmtree(directory)
    if options.record:
        cores, python = os.cpu_count(), platform.python_version()
        made = f"{datetime.now(UTC).date()}, {platform.machine()}, {cores} cores, Python {python}, "
        made += (
            f"SQLite {sqlite3.sqlite_version}; transactions of {BATCH} records; peak memory of both {peak():,.0f} MB."
        )
        lines = ["# Records in a directory", "", made, NOTES, "", HEAD, *rows, ""]
        RESULT.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
