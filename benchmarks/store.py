"""What it costs to keep records on Elasticsearch and HBase, beside the two bare clients doing the same in the same run.

Bars (issue "The production sample store"): at least 80% of what the bare clients reach doing both bulk writes in that
order; to find by error code and time takes at most 150 ms at a million; the client's memory is bounded.

The bare clients write each record's bytes into one cell of HBase, and its document, which is made already, into
Elasticsearch, in batches of the same size. Both take turns on the same servers, batch by batch, so that what else the
machine does concerns both alike; the clock counts, since it is the servers that work. A million takes an hour of two
idle cores; `--records` says how many there are in the end.

    .venv/bin/python benchmarks/store.py [--records N] [--record]
"""

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import happybase
from elasticsearch import Elasticsearch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.samples import EPOCH, Traffic  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase.documents import MAPPINGS, found_by  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase.setup import setup  # noqa: E402
from comb_compiler.samples.record_pb2 import Record  # noqa: E402
from comb_compiler.samples.rows import Row, row  # noqa: E402
from comb_compiler.samples.store import By, Put, Query  # noqa: E402
from tests.servers.maven import java_server  # noqa: E402
from tests.servers.stores import elasticsearch, hbase  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "store.md"
PAIRS = 20
"""Batches of each of the two that are compared; what comes then is put by the store alone."""
ASKED = 30
WRITERS = 6
"""Who put records at once, where nothing is compared."""


class Bare:
    """The two clients, as their own documentation uses them."""

    def __init__(self, settings: Settings) -> None:
        self._hbase = happybase.Connection(settings.host, settings.port, timeout=60_000)
        self._hbase.create_table("bare", {"c": {"max_versions": 1}})
        self._table = self._hbase.table("bare")
        self._elasticsearch = Elasticsearch(list(settings.urls), request_timeout=60)
        self._elasticsearch.indices.create(
            index="bare", mappings=dict(MAPPINGS), settings={"number_of_replicas": 0, "refresh_interval": "1s"}
        )

    def put(self, rows: list[tuple[bytes, bytes]], documents: list[Any]) -> None:
        """The records, then their documents."""
        batch = self._table.batch()
        for key, content in rows:
            batch.put(key, {b"c:0": content})
        batch.send()
        answer = self._elasticsearch.bulk(operations=documents)
        assert not answer["errors"]

    def close(self) -> None:
        self._hbase.close()
        self._elasticsearch.close()


def made(records: list[Record]) -> tuple[list[tuple[bytes, bytes]], list[Any]]:
    """What the bare clients are given."""
    rows, documents = [], []
    for record in records:
        one = row(record)
        assert isinstance(one, Row)
        rows.append((record.id.encode(), one.content))
        documents += [
            {"create": {"_index": "bare", "_id": record.id}}, found_by(one, "0" * 16, len(one.content))
        ]  # fmt: skip
    return rows, documents


def clocked(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def compared(store: ProductionStore, bare: Bare, traffic: Traffic) -> tuple[int, list[float], list[float]]:
    """Seconds of each batch, ours and bare, in turns."""
    ours, theirs, size = [], [], 0
    for number in range(2 * PAIRS + 4):
        records = traffic.batch()
        size = len(records)
        if number % 2:
            rows, documents = made(records)
            theirs.append(clocked(partial(bare.put, rows, documents)))
        else:
            ours.append(clocked(partial(store.put, records)))
    return size, ours[2:], theirs[2:]


def filled(store: ProductionStore, traffic: Traffic, wanted: int) -> int:
    """Put so many records, or a batch more, by several writers at once, as pods do; gives how many."""
    with ThreadPoolExecutor(WRITERS) as writers:
        under_way: deque[Future[Put]] = deque()
        put = 0
        while put < wanted or under_way:
            if put < wanted and len(under_way) < 2 * WRITERS:
                records = traffic.batch()
                under_way.append(writers.submit(store.put, records))
                put += len(records)
            else:
                under_way.popleft().result()
    return put


def asked(act: Callable[[], object]) -> str:
    """The shortest, p50 and the longest of some, in milliseconds."""
    act()
    taken = sorted(clocked(act) * 1000 for _ in range(ASKED))
    return f"{taken[0]:.1f} / {median(taken):.1f} / {taken[-1]:.1f}"


def measure(settings: Settings, wanted: int) -> Iterator[str]:
    """The lines of the report, each when it is known."""
    for step in setup(settings).steps:
        assert step.act is not None
        step.act()
    store, bare, traffic = ProductionStore(settings), Bare(settings), Traffic()
    size, ours, theirs = compared(store, bare, traffic)
    bare.close()
    ratio = sum(theirs) / sum(ours)
    per_second = size * len(ours) / sum(ours), size * len(theirs) / sum(theirs)
    said = (
        f"Put, {len(ours)} batches of {size} of each in turns: {per_second[0]:,.0f} records/s, the bare clients "
        f"{per_second[1]:,.0f}; that is {ratio:.0%} (of the medians: {median(theirs) / median(ours):.0%}). "
        "The bar is 80%. All times below are shortest / p50 / longest, in milliseconds."
    )
    head = "| records | records/s since then | find by code and time | get | count by code | client's memory, MB |"
    yield f"{said}\n\n{head}\n|---:|---:|---:|---:|---:|---:|"
    there, began, since = (len(ours) + 2) * size, time.perf_counter(), 0
    marks = [mark for mark in (wanted // 10, wanted // 4, wanted // 2, wanted) if mark > there]
    for mark in marks:
        put = filled(store, traffic, mark - there)
        there, since = there + put, since + put
        rate = since / (time.perf_counter() - began)
        middle = EPOCH + there / 20_000
        find = asked(partial(store.find, Query(codes=(4,), since=middle), limit=100))
        get = asked(partial(store.get, [store.find(Query(since=middle), limit=8).found[7].id]))
        count = asked(partial(store.count, Query(), [By.CODE]))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield f"| {there:,} | {rate:,.0f} | {find} | {get} | {count} | {memory:.0f} |"
        began, since = time.perf_counter(), 0
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--record", action="store_true", help="write benchmarks/results/store.md")
    arguments = parser.parse_args()
    homes = {name: java_server(name, print) for name in ("elasticsearch", "hbase")}
    with (
        tempfile.TemporaryDirectory() as directory,
        elasticsearch(homes["elasticsearch"], Path(directory, "elasticsearch")) as finding,
        hbase(homes["hbase"], Path(directory, "hbase")) as keeping,
    ):
        url = f"http://127.0.0.1:{finding.port}"
        settings = Settings((url,), "127.0.0.1", keeping.port, replicas=0, timeout=60)
        lines: list[str] = []
        for line in measure(settings, arguments.records):
            print(line, flush=True)
            lines.append(line)
            if arguments.record:  # each time, so that one that is ended early has said what it saw
                RESULT.write_text(report(lines), encoding="utf-8")


def report(lines: list[str]) -> str:
    """The whole text."""
    load = os.getloadavg()[1]
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, load {load:.0f}, Python "
        f"{platform.python_version()}; Elasticsearch 8.19.21 and HBase 2.6.1 with heaps of 512 MB on the same machine."
    )
    return "\n".join(["# Records on Elasticsearch and HBase", "", head, "", *lines, ""])


if __name__ == "__main__":
    main()
