"""A process that carries records from one place to another, and ends itself by SIGKILL at a given instant.

    python -m tests.samples.interrupted copy|export|import SOURCE TARGET POSITION INSTANT

The instant is a number of batches put, at the end of which it is killed, before anybody could note that; of an export,
of records read. SOURCE and TARGET are directories; a file is settings of servers.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comb_compiler.samples import copying, exchange
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.positions import PositionFile
from comb_compiler.samples.record_pb2 import Record
from comb_compiler.samples.store import Query

__all__ = ["BATCH", "FILE_BYTES", "WORK", "killed"]

ROOT = Path(__file__).parents[2]
BATCH, FILE_BYTES = 20, 2000
WORK = "work"


def killed(what: str, source: Path, target: Path, position: Path, instant: int) -> int:
    """Run it; gives how it ended."""
    places = map(str, (source, target, position, instant))
    command = [sys.executable, "-m", "tests.samples.interrupted", what, *places]
    return subprocess.run(command, cwd=ROOT, timeout=600).returncode


def main() -> None:
    """Do it, and end."""
    what, source, target, position, instant = sys.argv[1:]
    copying._MOST = exchange._MOST = BATCH
    exchange._FILE_BYTES = FILE_BYTES
    file = PositionFile(Path(position), WORK)
    if what == "copy":
        copying.copy_records(_store(source), _ending_put(_store(target), int(instant)), Query(), file=file)
    elif what == "import":
        exchange.import_records(_ending_put(_store(target), int(instant)), Path(source), file)
    else:
        exchange.export_records(_ending_scan(_store(source), int(instant)), Query(), Path(target), WORK)


def _store(path: str) -> Any:
    if not Path(path).is_file():
        return EmbeddedStore(path)
    from comb_compiler.samples.elasticsearch_hbase import ProductionStore, read_settings

    return ProductionStore(read_settings(Path(path), {}))


def _ending_put(store: Any, instant: int) -> Any:
    put, done = store.put, iter(range(1, instant + 1))

    def ending(records: list[Record]) -> Any:
        given = put(records)
        if next(done) == instant:
            os.kill(os.getpid(), signal.SIGKILL)
        return given

    store.put = ending
    return store


def _ending_scan(store: Any, instant: int) -> Any:
    scan = store.scan

    def ending(query: Query) -> Iterator[Record]:
        for number, one in enumerate(scan(query)):
            if number == instant:
                os.kill(os.getpid(), signal.SIGKILL)
            yield one

    store.scan = ending
    return store


if __name__ == "__main__":
    main()
