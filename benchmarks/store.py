"""What it costs to keep records on Elasticsearch and HBase, beside the two bare clients doing the same in the same run.

Bars (issue "The production sample store"): at least 80% of what the bare clients reach doing both bulk writes in that
order; to find by error code and time takes at most 150 ms at a million; the client's memory is bounded.

The bare clients write each record's bytes into one cell of HBase, and its document, which is made already, into
Elasticsearch, in batches of the same size. Both take turns on the same servers, batch by batch, so that what else the
machine does concerns both alike. The clock counts, since it is the servers that work; processor time of the client and
both servers is told beside it, for machines that do other things too.

`--records` says how many the store keeps in the end, as it always does. What finds and counts is Elasticsearch alone,
and to put a million takes long: so beyond them `--indexed` documents are created, as the store makes them, that have no
rows. `get` is asked for one that has.

    .venv/bin/python benchmarks/store.py [--records N] [--indexed N] [--record]
"""

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import happybase
import psutil
from elasticsearch import Elasticsearch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.samples import EPOCH, EVERY, Traffic  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase import ProductionStore, Settings  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase.documents import MAPPINGS, as_json, found_by  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase.index import Index  # noqa: E402
from comb_compiler.samples.elasticsearch_hbase.setup import setup  # noqa: E402
from comb_compiler.samples.record_pb2 import Record  # noqa: E402
from comb_compiler.samples.rows import Row, row  # noqa: E402
from comb_compiler.samples.store import By, Query  # noqa: E402
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


class Processors:
    """Processor time of this process and of others, in seconds."""

    def __init__(self, others: Sequence[int]) -> None:
        self._others = [psutil.Process(pid) for pid in others]

    def __call__(self) -> float:
        spent = time.process_time()
        for one in self._others:
            times = one.cpu_times()
            spent += times.user + times.system
        return spent


class Taken(NamedTuple):
    """Seconds of a batch."""

    clock: float
    processors: float


def taken(act: Callable[[], object], processors: Processors) -> Taken:
    before = processors()
    clock = clocked(act)
    return Taken(clock, processors() - before)


def clocked(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def compared(
    store: ProductionStore, bare: Bare, traffic: Traffic, processors: Processors
) -> tuple[int, list[Taken], list[Taken]]:
    """What each batch takes, ours and bare, in turns."""
    ours, theirs, size = [], [], 0
    for number in range(2 * PAIRS + 4):
        records = traffic.batch()
        size = len(records)
        if number % 2:
            rows, documents = made(records)
            theirs.append(taken(partial(bare.put, rows, documents), processors))
        else:
            ours.append(taken(partial(store.put, records), processors))
    return size, ours[2:], theirs[2:]


def indexed(index: Index, records: list[Record]) -> None:
    """Documents as the store makes them, of records that it is not given."""
    rows = [one for record in records if isinstance(one := row(record), Row)]
    there = index.create([(one.id.hex(), as_json(found_by(one, "0" * 16, len(one.content)))) for one in rows])
    assert there == []


def filled(act: Callable[[list[Record]], object], traffic: Traffic, wanted: int) -> int:
    """So many records, or a batch more, by several writers at once, as pods do; gives how many."""
    with ThreadPoolExecutor(WRITERS) as writers:
        under_way: deque[Future[object]] = deque()
        put = 0
        while put < wanted or under_way:
            if put < wanted and len(under_way) < 2 * WRITERS:
                records = traffic.batch()
                under_way.append(writers.submit(act, records))
                put += len(records)
            else:
                under_way.popleft().result()
    return put


def asked(act: Callable[[], object]) -> str:
    """The shortest, p50 and the longest of some, in milliseconds."""
    act()
    taken = sorted(clocked(act) * 1000 for _ in range(ASKED))
    return f"{taken[0]:.1f} / {median(taken):.1f} / {taken[-1]:.1f}"


def compare(ours: list[Taken], theirs: list[Taken], size: int) -> str:
    """What the two took, and how that compares."""
    clock, processors = ([sum(one[which] for one in some) for some in (ours, theirs)] for which in range(2))
    per_second = [size * len(ours) / one for one in clock]
    per_record = [one / size / len(ours) * 1e6 for one in processors]
    medians = [median(one.clock for one in some) for some in (ours, theirs)]
    return (
        f"Put, {len(ours)} batches of {size} of each in turns: {per_second[0]:,.0f} records/s, the bare clients "
        f"{per_second[1]:,.0f}; that is {clock[1] / clock[0]:.0%} (of the medians: {medians[1] / medians[0]:.0%}). "
        f"Processor time of client and servers: {per_record[0]:,.0f} µs a record, the bare clients "
        f"{per_record[1]:,.0f}, so {processors[1] / processors[0]:.0%}. The bar is 80%.\n\n"
        "All times below are shortest / p50 / longest, in milliseconds. What has no rows has documents alone, which is "
        "what is found and counted by."
    )


def measure(settings: Settings, rows: int, documents: int, processors: Processors) -> Iterator[str]:
    """The lines of the report, each when it is known."""
    for step in setup(settings).steps:
        assert step.act is not None
        step.act()
    store, bare, traffic, index = ProductionStore(settings), Bare(settings), Traffic(), Index(settings)
    size, ours, theirs = compared(store, bare, traffic, processors)
    bare.close()
    head = "| records | with rows | records/s since then | find by code and time | get | count by code | client, MB |"
    yield f"{compare(ours, theirs, size)}\n\n{head}\n|---:|---:|---:|---:|---:|---:|---:|"
    there = kept = (len(ours) + 2) * size
    made_until = 2 * there
    """Records that traffic has made; the bare clients had half of them."""
    with_rows = Query(until=EPOCH + made_until * EVERY / 1e9)
    for wanted, act in ((rows, store.put), (documents, partial(indexed, index))):
        for mark in [mark for mark in (wanted // 10, wanted // 4, wanted // 2, wanted) if mark > there]:
            began = time.perf_counter()
            put = filled(act, traffic, mark - there)
            rate = put / (time.perf_counter() - began)
            there, made_until = there + put, made_until + put
            if act == store.put:
                kept, with_rows = there, Query(until=EPOCH + made_until * EVERY / 1e9)
            yield f"| {there:,} | {kept:,} | {rate:,.0f} | {reads(store, made_until, with_rows)} |"
    index.close()
    store.close()


def reads(store: ProductionStore, made_until: int, with_rows: Query) -> str:
    """What it takes to read, and the client's memory."""
    middle = EPOCH + made_until * EVERY / 2e9
    find = asked(partial(store.find, Query(codes=(4,), since=middle), limit=100))
    get = asked(partial(store.get, [store.find(with_rows, limit=8).found[7].id]))
    count = asked(partial(store.count, Query(), [By.CODE]))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{find} | {get} | {count} | {memory:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--indexed", type=int, default=0)
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
        for line in measure(settings, arguments.records, arguments.indexed, Processors((finding.pid, keeping.pid))):
            print(line, flush=True)
            lines.append(line)
            if arguments.record:  # each time, so that one that is ended early has said what it saw
                RESULT.write_text(report(lines), encoding="utf-8")


def report(lines: list[str]) -> str:
    """The whole text."""
    load = os.getloadavg()[1]
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, load {load:.0f}, Python "
        f"{platform.python_version()}; Elasticsearch 8.19.21 and HBase 2.6.1 with heaps of 512 MB and 1 GB beside it."
    )
    return "\n".join(["# Records on Elasticsearch and HBase", "", head, "", *lines, ""])


if __name__ == "__main__":
    main()
