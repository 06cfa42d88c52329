"""The directory: where its files are, who may write, and connections to its databases.

    catalogue.sqlite           which partitions there are; which of them has an id
    records-00000001.sqlite    a partition: records, and what they are found by
    interfaces/DIGEST          descriptors that records' messages are read with
    damaged/                   what `repair` has taken out of use
    lock                       held by the one who writes
    reserve                    room for a deletion to begin in, where the disk is full

A connection is borrowed by one thread at a time, and no read lasts longer than one statement: so a reader never holds
up for long who wants the bytes of deleted records gone from the log of writes.
"""

import errno
import fcntl
import os
import re
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from comb_compiler.samples.store import StoreError

__all__ = ["FORMAT", "Directory", "Newer", "answering", "check_layout", "is_of_others"]

FORMAT = 1
"""The version of the files' layout."""

_APPLICATION = 0x436F6D62  # "Comb", where SQLite's files say whose they are
_RESERVE = 512 * 1024
_IDLE = 64  # files to which connections are kept open

_PRAGMAS = """
PRAGMA synchronous = {synchronous};
PRAGMA secure_delete = ON;
PRAGMA cell_size_check = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cache_size = -{kibibytes};
PRAGMA wal_autocheckpoint = 2000;
PRAGMA journal_size_limit = 67108864;
"""

_ADVICE = (
    ("SQLITE_FULL", "the disk is full: free some space, or delete records (by `until`, say)"),
    ("SQLITE_READONLY", "it cannot be written: give this user the right to, or copy it to where it can be"),
    ("SQLITE_PERM", "it cannot be written: give this user the right to, or copy it to where it can be"),
    ("SQLITE_CANTOPEN", "it cannot be opened: is the disk mounted, and may this user read and write there?"),
    ("SQLITE_BUSY", "others have kept it busy for too long: try again"),
    ("SQLITE_LOCKED", "others have kept it busy for too long: try again"),
    ("SQLITE_CORRUPT", "it is damaged: `repair` saves what can be read"),
    ("SQLITE_NOTADB", "it is damaged: `repair` saves what can be read"),
    ("SQLITE_NOMEM", "there is no memory left"),
    ("SQLITE_TOOBIG", "something in it is larger than SQLite takes"),
)


_OURS = re.compile(r"catalogue\.sqlite|records-\d+\.sqlite|interfaces|damaged|lock|reserve")
_OF_NOBODY = "lost+found"  # what a file system has at its top


def is_of_others(path: Path) -> bool:
    """Whether a directory holds things, none of which a store has put there."""
    there = {one.name for one in path.iterdir()} - {_OF_NOBODY}
    return bool(there) and not any(_OURS.fullmatch(one) for one in there)


class Newer(StoreError):
    """A file that a newer Comb has written, in a layout that this one does not know: it stays as it is."""


class Directory:
    """The files of one store. `patience` is how many seconds to wait for others before giving up."""

    def __init__(self, path: Path, patience: float, durable: bool) -> None:
        self.path = path
        self.catalogue = path / "catalogue.sqlite"
        self.interfaces = path / "interfaces"
        self.damaged = path / "damaged"
        self._reserve = path / "reserve"
        self._patience = patience
        self._synchronous = "FULL" if durable else "NORMAL"
        self._turn = threading.RLock()
        self._turns = 0
        self._idle: OrderedDict[Path, list[tuple[int, sqlite3.Connection]]] = OrderedDict()
        self._guard = threading.Lock()
        self._partitions: dict[int, Path] = {}
        self._closed = False
        self._process = os.getpid()

    def partition(self, number: int) -> Path:
        """The file of a partition."""
        if number not in self._partitions:
            self._partitions[number] = self.path / f"records-{number:08d}.sqlite"
        return self._partitions[number]

    def partitions(self) -> list[int]:
        """The numbers of the partitions' files that are there."""
        return sorted(int(path.stem.removeprefix("records-")) for path in self.path.glob("records-*.sqlite"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The right to write, which one thread of one process has at a time; it ends with the process.

        Who has it may take it once more.
        """
        until = time.monotonic() + self._patience
        if not self._turn.acquire(timeout=self._patience):
            raise StoreError(f"{self.path}: other threads have written for {self._patience:g} s: try again")
        try:
            self._turns += 1
            with answering(self.path), self._locked(until) if self._turns == 1 else nullcontext():
                yield
        finally:
            self._turns -= 1
            self._turn.release()

    @contextmanager
    def _locked(self, until: float) -> Iterator[None]:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            pause = 0.0005
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > until:
                    raise StoreError(f"{self.path}: another process has written for {self._patience:g} s: try again")
                time.sleep(pause)
                pause = min(pause * 1.5, 0.01)
            yield
        finally:
            os.close(lock)

    def connection(self, path: Path, inode: int = 0) -> AbstractContextManager[sqlite3.Connection]:
        """A connection to a database that is there, in the layout that we know; what goes wrong is a StoreError.

        Of a file that may be replaced `inode` says which one is meant.
        """
        return _Borrowed(self, path, inode)

    def borrow(self, path: Path, inode: int) -> sqlite3.Connection:
        """One for a while: see `connection`."""
        with self._guard:
            if self._closed:
                raise StoreError(f"{self.path}: this store is closed")
            if self._process != os.getpid():
                raise StoreError(f"{self.path}: a store does not outlive a fork: open it anew in this process")
            idle = self._idle.get(path)
            known, found = idle.pop() if idle else (inode, None)
        if found is not None and known == inode:
            return found
        if found is not None:
            found.close()  # the file was replaced by a repair
        return self._connect(path)

    def _connect(self, path: Path) -> sqlite3.Connection:
        found = self.open(path, create=False)
        try:
            if found.execute("PRAGMA application_id").fetchone() != (_APPLICATION,):
                raise StoreError(f"{path}: this is no file of a sample store: `repair` takes it out of use")
            check_layout(found, path)
        except BaseException:
            found.close()
            raise
        return found

    def open(self, path: Path, *, create: bool) -> sqlite3.Connection:
        """A connection that is not kept, to whatever is there."""
        uri = f"{path.as_uri()}?mode={'rwc' if create else 'rw'}"
        found = sqlite3.connect(
            uri, uri=True, timeout=self._patience, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        kibibytes = 32768 if path == self.catalogue else 4096
        synchronous = "FULL" if path == self.catalogue else self._synchronous
        found.executescript(_PRAGMAS.format(synchronous=synchronous, kibibytes=kibibytes))
        return found

    @contextmanager
    def raw(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A connection to what may be damaged, or no database at all."""
        found = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=self._patience, isolation_level=None)
        try:
            found.execute("PRAGMA writable_schema = ON")  # so that a file that was cut off is read at all
            yield found
        finally:
            found.close()

    def create(self, path: Path, tables: str) -> None:
        """Make a database with these tables; one that is there already stays. The caller has the right to write.

        It has its name once it is whole: nobody sees half of it, and nothing is left of it when this process is ended.
        """
        if path.exists():
            return
        beginning = path.with_name(path.name + ".new")
        self.remove(beginning)
        found = self.open(beginning, create=True)
        try:
            found.execute("PRAGMA page_size = 8192")
            found.execute("PRAGMA journal_mode = WAL")
            found.execute(f"PRAGMA application_id = {_APPLICATION}")
            found.execute(f"PRAGMA user_version = {FORMAT}")
            found.executescript(tables)
        finally:
            found.close()  # which leaves no log of writes
        beginning.replace(path)

    def give_back(self, path: Path, inode: int, found: sqlite3.Connection) -> None:
        """Take back one that is in order: the next one gets it."""
        surplus = []
        with self._guard:
            if self._closed:
                surplus.append(found)
            else:
                self._idle.setdefault(path, []).append((inode, found))
                self._idle.move_to_end(path)
                if len(self._idle) > _IDLE:
                    surplus = [one for _, one in self._idle.popitem(last=False)[1]]
        for one in surplus:
            one.close()

    def forget(self, path: Path) -> None:
        """Close what is open of a file."""
        with self._guard:
            idle = self._idle.pop(path, [])
        for _, one in idle:
            one.close()

    def keep_only(self, paths: Collection[Path]) -> None:
        """Close what is open of files that are no longer part of the store: others may have removed them."""
        with self._guard:
            gone = [path for path in self._idle if path not in paths and path != self.catalogue]
        for path in gone:
            self.forget(path)

    def remove(self, path: Path) -> None:
        """Remove a database and what belongs to it."""
        self.forget(path)
        for suffix in ("-wal", "-shm", ""):
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def keep_reserve(self) -> None:
        """Hold some room for deletions, where there is any."""
        with suppress(OSError):
            if not self._reserve.exists() or self._reserve.stat().st_size < _RESERVE:
                self._reserve.write_bytes(bytes(_RESERVE))

    def release_reserve(self) -> None:
        """Give up that room, for a deletion to begin in."""
        self._reserve.unlink(missing_ok=True)

    def put_aside(self, path: Path) -> None:
        """Take a database out of use, and keep it."""
        self.forget(path)
        self.damaged.mkdir(exist_ok=True)
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.replace(self.damaged / part.name)

    def close(self) -> None:
        """Let go of every connection."""
        with self._guard:
            self._closed = True
            found = [one for idle in self._idle.values() for _, one in idle]
            self._idle.clear()
        for one in found:
            one.close()


class _Borrowed:
    """A connection for a while. It is a class of its own, as it is in the way of each look-up."""

    __slots__ = ("_directory", "_found", "_inode", "_path")

    def __init__(self, directory: Directory, path: Path, inode: int) -> None:
        self._directory = directory
        self._path = path
        self._inode = inode

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._found = self._directory.borrow(self._path, self._inode)
        except (sqlite3.Error, OSError) as error:
            raise _answer(self._path, error) from error
        return self._found

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._directory.give_back(self._path, self._inode, self._found)
            return
        self._found.close()  # what was begun is undone
        if isinstance(error, sqlite3.Error | OSError):
            raise _answer(self._path, error) from error


def check_layout(connection: sqlite3.Connection, path: Path) -> None:
    """Raises Newer where a file is in a layout that this Comb does not know.

    Who changes a layout raises the catalogue's version before anything else, also under those that have it open.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > FORMAT:
        raise Newer(
            f"{path}: a newer Comb has written this, in layout {version}; this one knows {FORMAT}. "
            "Nothing was changed: use the newer one"
        )


@contextmanager
def answering(path: Path) -> Iterator[None]:
    """What goes wrong with a file becomes a StoreError that says what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise _answer(path, error) from error


def _answer(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "") or ""
        advice = next((text for start, text in _ADVICE if name.startswith(start)), f"{error} ({name})")
        return StoreError(f"{path}: {advice}")
    advice = ": may this user write there?" if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else ""
    return StoreError(f"{error.filename or path}: {error.strerror or error}{advice}")
