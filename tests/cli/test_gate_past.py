"""The history of loads: what is kept is found again, and what is no figure counts for nothing."""

import json
from pathlib import Path

import pytest

from comb_compiler.cli.gate.past import append, load_past
from comb_compiler.workspace.errors import OutsideFailure

HERE = "x86_64, 2 CPUs"


def line(rate: object = 10, machine: str = HERE, **figures: object) -> dict[str, object]:
    return {"when": "2026-11-27T00:00:00+00:00", "machine": machine, "rate": rate, "figures": figures}


def test_there_is_none_before_the_first_run(tmp_path: Path) -> None:
    assert load_past(tmp_path / "nowhere", "ocr", HERE) == ({}, ())


def test_figures_are_kept_by_rate_and_name_in_the_order_of_their_time(tmp_path: Path) -> None:
    append(tmp_path / "new", "ocr", [line(10, p50=0.1), line(20, p50=0.2)])
    append(tmp_path / "new", "ocr", [line(10, p50=0.3, memory=1e6)])
    assert load_past(tmp_path / "new", "ocr", HERE).figures == {
        10.0: {"p50": [0.1, 0.3], "memory": [1e6]},
        20.0: {"p50": [0.2]},
    }


def test_machines_of_another_class_are_no_flaw_and_do_not_count(tmp_path: Path) -> None:
    append(tmp_path, "ocr", [line(p50=0.1, machine="aarch64, 8 CPUs")])
    assert load_past(tmp_path, "ocr", HERE) == ({}, ())


@pytest.mark.parametrize(
    "broken",
    [
        b'{"when": "2026-11-27", "mach',
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps({"machine": HERE, "rate": 10}).encode(),
        json.dumps(line(p50="fast")).encode(),
        json.dumps(line(p50=True)).encode(),
        json.dumps(line(p50=-1.0)).encode(),
        json.dumps(line(p50=float("nan"))).encode(),
        json.dumps(line(rate=float("inf"), p50=0.1)).encode(),
        json.dumps(line(p50=10**400)).encode(),
    ],
)
def test_a_line_that_is_corrupt_does_not_count_and_is_said(tmp_path: Path, broken: bytes) -> None:
    append(tmp_path, "ocr", [line(p50=0.1)])
    with (tmp_path / "ocr.jsonl").open("ab") as file:
        file.write(broken + b"\n")
    append(tmp_path, "ocr", [line(p50=0.2)])
    assert load_past(tmp_path, "ocr", HERE) == ({10.0: {"p50": [0.1, 0.2]}}, (2,))


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "ocr.jsonl").mkdir()
    with pytest.raises(OutsideFailure, match="the history of loads cannot be read"):
        load_past(tmp_path, "ocr", HERE)
    with pytest.raises(OutsideFailure, match="the history of loads cannot be written"):
        append(tmp_path, "ocr", [line(p50=0.1)])
