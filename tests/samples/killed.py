"""Processes that record and are ended by SIGKILL at any instant; and what must be true of the store afterwards.

    python -m tests.samples.killed DIRECTORY FIRST      the process that records, from this number on

It says on its standard output what was acknowledged, and what it is about to do, a line each.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.record_pb2 import Mark
from comb_compiler.samples.store import Found, Query
from tests.samples.made import record

__all__ = ["Tally", "ended_at_random"]

ROOT = Path(__file__).parents[2]
BATCH = 8
PARTITION = 60


class Tally(NamedTuple):
    """What was acknowledged, what had only been begun, and of that what is there."""

    instants: int
    acknowledged: int
    begun: int
    begun_and_there: int
    deletions: int
    sealed: int


def main() -> None:
    """Record until the end."""
    store, number = EmbeddedStore(sys.argv[1], partition=PARTITION), int(sys.argv[2])
    print("ready", flush=True)
    while True:
        some = [
            record(at, user="gone" if at % 5 == 0 else "", error="an error") for at in range(number, number + BATCH)
        ]
        print("putting", number, flush=True)
        store.put(some)
        print("put", number, flush=True)
        assert store.put(some).new == 0, "a retry doubles nothing"
        print("marking", number + 1, flush=True)
        store.mark(some[1].id, Mark(mark="error", by="ada", time=number))
        print("marked", number + 1, flush=True)
        if number % (BATCH * 4) == 0:
            print("deleting", number + BATCH, flush=True)
            store.delete(Query(user="gone"), marked=True)
            print("deleted", number + BATCH, flush=True)
        number += BATCH


def ended_at_random(directory: Path, instants: int, random: Random) -> Tally:
    """Let processes record one after the other, end each at some instant, and look at the store after each."""
    known = _Known()
    for _ in range(instants):
        known.note(_said(directory, known.next, random.expovariate(20)))
        store = EmbeddedStore(directory, partition=PARTITION)
        known.check(store)
        store.close()
    store = EmbeddedStore(directory, partition=PARTITION)
    repaired = store.repair()
    assert (repaired.mended, repaired.lost) == ((), ()), repaired
    known.check(store)
    store.close()
    sealed = len(list(directory.glob("records-*.sqlite"))) - 1
    return Tally(instants, len(known.there), known.begun, known.found, known.deletions, sealed)


def _said(directory: Path, first: int, seconds: float) -> list[list[str]]:
    command = [sys.executable, "-m", "tests.samples.killed", str(directory), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        lines = process.stdout.read().split("\n")
    assert process.returncode == -9, lines[-3:]
    return [line.split(" ") for line in lines if " " in line]


class _Known:
    """What must be there, what may be, and what must not."""

    def __init__(self) -> None:
        self.next = 0
        self.there: set[int] = set()
        self.perhaps: set[int] = set()
        self.marked: set[int] = set()
        self.begun = self.found = self.deletions = 0
        self._deleted = self._deleting = 0

    def note(self, said: list[list[str]]) -> None:
        for what, at in said:
            number = int(at)
            batch = set(range(number, number + BATCH))
            if what == "putting":
                self.perhaps, self.next = batch, number + BATCH
            elif what == "put":
                self.there |= batch
                self.perhaps = set()
            elif what == "marked":
                self.marked.add(number)
            elif what == "deleting":
                self._deleting = number
            elif what == "deleted":
                self._deleted = number
                self.deletions += 1
        self.begun += len(self.perhaps)

    def check(self, store: EmbeddedStore) -> None:
        found = [int(one.id, 16) for one in store.scan(Query())]
        there = set(found)
        assert len(found) == len(there), "doubled"
        assert there - self.there in (set(), self.perhaps - set(self._users(self._deleted))), "a put is whole or not"
        lost = self.there - there
        assert lost <= set(self._users(self._deleting)), "lost"
        assert set(self._users(self._deleted)) <= lost | (set(range(self.next)) - there), "deleted, and there"
        self.found += len(there - self.there)
        self.there = there
        assert sum(one.records for one in store.count(Query())) == len(there)
        assert set(store.get([record(one).id for one in there])) == {record(one).id for one in there}
        marked = {int(one.id, 16) for one in _all(store, Query(marks=("error",)))}
        assert self.marked & there <= marked

    def _users(self, below: int) -> range:
        return range(0, below, 5)


def _all(store: EmbeddedStore, query: Query) -> Iterator[Found]:
    page = store.find(query, limit=500)
    yield from page.found
    while page.next:
        page = store.find(query, limit=500, page=page.next)
        yield from page.found


if __name__ == "__main__":
    main()
