"""Grype itself reads the images of the example: what it knows of them decides, and what stops it is no pass.

It reads their bills of materials too, and finds in each what it finds in the image.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from comb_compiler.images.layout import ImageLayout
from tests.architecture.imports import ROOT
from tests.conftest import RequiresTool
from tests.images.example import Example
from tests.images.weaknesses import WEAKNESS, environment_of, plant
from tests.servers.provision import locate
from tests.support.tools import Missing
from tests.support.trials import Trial

_PACKAGE = "pillow"
_DECIDING = ("--fail-on", "high", "--output", "json")


class Scanning(NamedTuple):
    """The layout of the example's images, their bills of materials, and the directory of Grype."""

    layout: Path
    bills: tuple[Path, ...]
    programs: Path
    scratch: Path

    def begin(self, database: Path, *options: str) -> "subprocess.Popen[str]":
        """`comb image scan` with Grype on this database."""
        return subprocess.Popen(
            [sys.executable, "-m", "comb_compiler", "image", "scan", str(self.layout), "--", *options],
            env=self.environment(database),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def environment(self, database: Path) -> dict[str, str]:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "TMPDIR": str(self.scratch)}
        return {**os.environ, **own, **environment_of(database)}

    def read_bill(self, bill: Path, database: Path) -> tuple[int, list[dict[str, Any]]]:
        """Grype's code for a bill of materials, and what it finds by it."""
        command = [str(self.programs / "grype"), *_DECIDING, f"sbom:{bill}"]
        done = subprocess.run(command, env=self.environment(database), capture_output=True, text=True)
        assert done.stdout, done.stderr
        (report,) = found(done.stdout)
        return done.returncode, report["matches"]

    def scan(self, database: Path, *options: str) -> tuple[int, str, str]:
        """Its code, and what it said on both channels."""
        scan = self.begin(database, *options)
        out, err = scan.communicate()
        assert "Traceback" not in err, err
        return scan.returncode, out, err


@pytest.fixture
def scanning(requires_tool: RequiresTool, example: Example, tmp_path: Path) -> Scanning:
    requires_tool("go")
    try:
        grype = locate("grype", print)
    except Missing as missing:
        pytest.skip(f"needs Grype: {missing}")
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "grype").symlink_to(grype)
    (tmp_path / "scratch").mkdir()
    example.build("images", "--attest", str(tmp_path / "told"))
    bills = tuple(sorted((tmp_path / "told").glob("*.cdx.json")))
    return Scanning(example.directory / "images", bills, tmp_path / "programs", tmp_path / "scratch")


def found(out: str) -> Iterator[dict[str, Any]]:
    """The reports that Grype wrote one after the other."""
    read = json.JSONDecoder()
    while out := out.strip():
        report, end = read.raw_decode(out)
        yield report
        out = out[end:]


def read_images(out: str) -> list[str]:
    return sorted(report["source"]["target"]["manifestDigest"] for report in found(out))


@pytest.mark.prove
def test_a_real_scanner_decides(trial: Trial, scanning: Scanning, tmp_path: Path) -> None:
    images = sorted(one.digest for one in ImageLayout(scanning.layout).images().values())

    code, out, err = scanning.scan(plant(tmp_path / "weak", _PACKAGE, "<1000"), *_DECIDING)
    weak = [match for report in found(out) for match in report["matches"]]
    assert code == 1, err
    assert read_images(out) == images
    assert err.count("grype ended with code 1 for ") == len(images)
    assert {(one["vulnerability"]["id"], one["artifact"]["name"]) for one in weak} == {(WEAKNESS, _PACKAGE)}
    assert all(one["artifact"]["locations"][0]["path"].startswith("/comb/packages/pillow-") for one in weak)
    trial.note(images=len(images), planted={"code": code, "found": len(weak)})

    code, out, _ = scanning.scan(tmp_path / "weak", "--output", "json")
    told = [match for report in found(out) for match in report["matches"]]
    assert (code, read_images(out), len(told)) == (0, images, len(weak))
    trial.note(planted_where_nothing_is_told_to_count={"code": code})

    code, out, err = scanning.scan(plant(tmp_path / "mended", _PACKAGE, "<0.1"), *_DECIDING)
    assert (code, read_images(out)) == (0, images), err
    assert not any(report["matches"] for report in found(out))
    trial.note(mended={"code": code})

    assert len(scanning.bills) == len(images)
    for bill in scanning.bills:
        code, matches = scanning.read_bill(bill, tmp_path / "weak")
        assert code != 0
        assert [(one["vulnerability"]["id"], one["artifact"]["name"]) for one in matches] == [(WEAKNESS, _PACKAGE)]
        assert scanning.read_bill(bill, tmp_path / "mended") == (0, [])
    trial.note(bills={"read": len(scanning.bills), "specification": json.loads(bill.read_bytes())["specVersion"]})

    ends = {}
    (tmp_path / "none").mkdir()
    for name, content in {"none": None, "empty": b"", "other": b"no database" * 1000}.items():
        database = tmp_path / name
        if content is not None:
            (plant(database, _PACKAGE, "<1000") / "5" / "vulnerability.db").write_bytes(content)
        code, _, err = scanning.scan(database, *_DECIDING)
        assert (code, "failed to load vulnerability db" in err) == (1, True), err
        ends[name] = code
    trial.note(database_that_cannot_be_read=ends)

    scan = scanning.begin(tmp_path / "mended", *_DECIDING)
    while not (started := psutil.Process(scan.pid).children()):
        assert scan.poll() is None, scan.communicate()
        time.sleep(0.01)
    started[0].kill()
    _, err = scan.communicate()
    assert (scan.returncode, "was killed by signal 9 while it scanned " in err) == (4, True), err
    trial.note(killed={"code": scan.returncode})
