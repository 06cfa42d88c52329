"""`comb samples copy` and `import` note how far they have come, where they can."""

import json
from pathlib import Path

from comb_compiler.cli.samples.resuming import work_named
from comb_compiler.samples.embedded import EmbeddedStore
from comb_compiler.samples.positions import Position, PositionFile
from comb_compiler.samples.store import Query
from tests.cli.conftest import Comb, checkout
from tests.samples.made import record

__all__ = ["checkout"]

COPY = ("samples", "copy", "--store", "embedded:records", "--to", "embedded:others", "--format", "json")


def kept(checkout: Path, name: str, count: int) -> None:
    store = EmbeddedStore(checkout / name)
    store.put([record(number) for number in range(count)])
    store.close()


def test_a_copy_goes_on_where_the_same_command_was_interrupted(checkout: Path, comb: Comb) -> None:
    kept(checkout, "records", 5)
    kept(checkout, "others", 3)
    work = work_named("copy", "embedded:records", "embedded:others", "")
    noted = {"records": 3, "new": 3, "known": 0, "digest": "ab" * 32, "different": [], "before": 0}
    file = PositionFile(checkout / ".comb/copying" / f"{work}.json", work)
    file.write(Position(2, (record(2).id,), 3), Query(), noted)
    done = comb(*COPY)
    assert (done.code, json.loads(done.out)["records"], json.loads(done.out)["new"]) == (0, 5, 5), done.err
    assert "went on after 3 records, which an earlier run had copied" in done.err
    assert not file.path.exists()
    file.write(Position(2, (record(2).id,), 3), Query(), noted)
    anew = comb(*COPY, "--anew")
    assert json.loads(anew.out)["known"] == 5
    assert "went on" not in anew.err


def test_where_nothing_can_be_noted_a_copy_is_done_all_the_same(checkout: Path, comb: Comb) -> None:
    kept(checkout, "records", 5)
    (checkout / ".comb").mkdir(exist_ok=True)
    (checkout / ".comb/copying").write_text("no directory", encoding="utf-8")
    done = comb(*COPY)
    assert (done.code, json.loads(done.out)["new"]) == (0, 5)
    assert "if this is interrupted, the next run begins anew" in done.err
