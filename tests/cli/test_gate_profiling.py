"""What a real process does, seen by a real py-spy; and what is said where it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from comb_compiler.cli.gate.profiling import profiled

BUSY = """
import time
def turning():
    while True:
        sum(range(1000))
turning()
"""


def test_what_a_process_does_is_seen_where_it_may_be() -> None:
    loads = []
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            found = profiled(process.pid, 2.0, lambda: loads.append(1))
        finally:
            process.kill()
    assert loads == [1]
    if "may not look" in found.why:  # some machines let nobody look at another process
        pytest.skip(found.why)
    assert found.why == ""
    widest = max((box for box in found.boxes if box.name.startswith("turning")), key=lambda box: box.width)
    assert widest.width > 0.5


def test_a_process_that_is_gone_or_elsewhere_is_said_to_be() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert profiled(gone.pid, 1.0, lambda: None).why.startswith("py-spy may not look at it: ")
    assert "no process of this machine" in profiled(None, 1.0, lambda: None).why


def test_that_there_is_no_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert profiled(1, 1.0, lambda: None).why == "py-spy is not here: pip install py-spy"
