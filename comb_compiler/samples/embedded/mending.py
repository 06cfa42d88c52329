"""What is wrong in the directory → mended, or said.

Of the records follows all that they are found by. A partition in which anything is wrong is written anew from what can
be read in it, under a number of its own, and its old file is put aside: somebody may get more out of it. The catalogue
follows from the partitions.
"""

import sqlite3

from comb_compiler.samples.embedded import partition, salvage
from comb_compiler.samples.embedded.catalogue import Catalogue, Part
from comb_compiler.samples.embedded.files import Directory, Newer
from comb_compiler.samples.embedded.removing import finish, remove, settle
from comb_compiler.samples.store import Repaired, StoreError

__all__ = ["repair"]


def repair(directory: Directory, catalogue: Catalogue) -> Repaired:
    """Look at everything. Others may write between one partition and the next."""
    mending = _Mending(directory, catalogue)
    mending.catalogue_itself()
    mending.unlisted()
    for part in catalogue.parts():
        with directory.writing():
            mending.one(part)
    with directory.writing():
        for number in catalogue.purges():
            finish(directory, catalogue, number)
    return Repaired(mending.looked_at, tuple(mending.mended), tuple(mending.lost))


class _Mending:
    """One repair, and what it has to say."""

    def __init__(self, directory: Directory, catalogue: Catalogue) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self.looked_at = 0
        self.mended: list[str] = []
        self.lost: list[str] = []

    def catalogue_itself(self) -> None:
        """Make it anew where it cannot be used."""
        directory = self._directory
        with directory.writing():
            try:
                if directory.catalogue.exists() or not directory.partitions():
                    with self._catalogue.connection() as connection:
                        complaint = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
                    if complaint == "ok":
                        return
            except Newer:
                raise
            except StoreError as problem:
                if not _is_damage(problem):
                    raise
            if directory.catalogue.exists():
                directory.put_aside(directory.catalogue)
            self._catalogue.make(1 + max(directory.partitions(), default=0))
        self.mended.append(f"{directory.catalogue.name}: made anew")

    def unlisted(self) -> None:
        """Take in the partitions that the catalogue does not know: it was restored from a copy, or is new."""
        with self._directory.writing():
            listed = {part.number for part in self._catalogue.parts()} | set(self._catalogue.purges())
            for number in self._directory.partitions():
                if number not in listed and not self._is_empty(number):
                    self._catalogue.take_in(Part(number, True, None, None), ())
                    self.mended.append(f"{self._name(number)}: taken in, as the catalogue did not know it")

    def _is_empty(self, number: int) -> bool:
        try:
            with self._directory.connection(self._directory.partition(number)) as connection:
                return partition.next_number(connection) == 1
        except StoreError:
            return False

    def _name(self, number: int) -> str:
        return self._directory.partition(number).name

    def one(self, part: Part) -> None:
        """Look at a partition. The caller has the right to write."""
        if not self._directory.partition(part.number).exists():
            self._gone(part)
            return
        try:
            with self._directory.connection(self._directory.partition(part.number)) as connection:
                seen = salvage.examine(connection)
        except Newer as newer:
            self.lost.append(f"passed by: {newer}")
            return
        except StoreError as problem:
            if not _is_damage(problem):
                raise
            seen = salvage.Seen(0, "it cannot be opened")
        if seen.complaint:
            part = self._anew(part, seen.complaint)
        else:
            self.looked_at += seen.records
        self._ids(part)

    def _gone(self, part: Part) -> None:
        if part.sealed:
            known = f"{len(self._catalogue.ids_of(part.number)):,} records"
            self._catalogue.drop(part.number)
        else:
            known = "all that was put since the last one was sealed"
            following = self._catalogue.create_part()
            self._catalogue.take_in(Part(following, False, None, None), (), instead=part.number)
        self.lost.append(f"{self._name(part.number)}: the file is gone, with {known}")

    def _anew(self, part: Part, complaint: str) -> Part:
        """Write a partition anew; gives the new one."""
        number = self._catalogue.create_part()
        path = self._directory.partition(part.number)
        with self._directory.connection(self._directory.partition(number)) as new:
            known = len(self._catalogue.ids_of(part.number)) if part.sealed else None
            saved = salvage.copy(self._directory, path, new, known)
            low, high = partition.span(new)
            ids = partition.ids(new)
            if part.sealed:
                partition.index(new)
            partition.write_through(new)
        anew = Part(number, part.sealed, low if part.sealed else None, high if part.sealed else None)
        self._catalogue.take_in(anew, ids, instead=part.number)
        self._directory.put_aside(path)
        self.looked_at += saved.records
        self.mended.append(
            f"{path.name}: {complaint}; {saved.records:,} records are now in {self._name(number)}, and the old file in "
            f"{self._directory.damaged.name}/"
        )
        if saved.lost:
            self.lost.append(f"{path.name}: {saved.lost}")
        return anew

    def _ids(self, part: Part) -> None:
        """Hold the catalogue's ids to those of a partition; of two records with one id the first stays."""
        if part.number in self._catalogue.unsettled():  # somebody was ended while deleting: nothing is wrong
            settle(self._catalogue, part.number)
        with self._catalogue.partition(part.number) as connection:
            assert connection is not None, "nobody else may write"
            here = set(partition.ids(connection))
            self._no_doubles(connection, part, here)
            low, high = partition.span(connection)
        listed = set(self._catalogue.ids_of(part.number))
        wanted = here if part.sealed else set()
        if listed - wanted:
            self._catalogue.begin_purge(part.number)
            self._catalogue.settle(part.number, list(wanted))
        if wanted - listed or (part.sealed and (part.low, part.high) != (low, high)):
            self._catalogue.take_in(part._replace(low=low, high=high), list(wanted - listed))
        if listed != wanted:
            self.mended.append(f"{self._name(part.number)}: {len(listed ^ wanted):,} ids of the catalogue")

    def _no_doubles(self, connection: sqlite3.Connection, part: Part, here: set[bytes]) -> None:
        known = self._catalogue.parts_of(list(here))
        own = (part.number, self._catalogue.open_part())
        elsewhere = {id for id, number in known.items() if number not in own}
        if elsewhere:
            self._catalogue.begin_purge(part.number)
            remove(connection, list(partition.known(connection, list(elsewhere)).values()))
            here -= elsewhere
            self.mended.append(f"{self._name(part.number)}: {len(elsewhere):,} records that were there twice")


def _is_damage(problem: StoreError) -> bool:
    """Whether mending can help: not where the disk is full, or others are busy."""
    cause = problem.__cause__
    if cause is None:
        return True  # no file of ours
    return isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorname", "").startswith(
        ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")
    )
