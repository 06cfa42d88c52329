"""What a process does while it is loaded, seen from outside by py-spy, where that is here and may look."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from comb_compiler.gates.load.flames import Flame, flame_of

__all__ = ["profiled"]

_A_SECOND = 99
_SPARE = 30.0
_MOST_SHOWN = 200


def profiled(process: int | None, seconds: float, load: Callable[[], object]) -> Flame:
    """A process with its children for so long, while `load` runs; or why it cannot be looked at."""
    program = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if program is None:
        return Flame(why="py-spy is not here: pip install py-spy")
    if process is None:
        return Flame(why="the candidate is no process of this machine that can be looked at")
    with TemporaryDirectory(prefix="comb-flame-") as directory:
        file = Path(directory, "stacks")
        command = [program, "record", "--pid", str(process), "--subprocesses", "--nonblocking", "--format", "raw"]
        command += ["--rate", str(_A_SECOND), "--duration", str(max(1, round(seconds))), "--output", str(file)]
        with subprocess.Popen(  # noqa: S603  a program that people install to look at theirs
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as one:
            try:
                load()
                _, said = one.communicate(timeout=seconds + _SPARE)
            except subprocess.TimeoutExpired:
                return Flame(why="py-spy does not end")
            finally:
                one.kill()
        if one.returncode or not file.is_file():
            told = said.decode("utf-8", "replace").strip().partition("\n")[0]
            return Flame(why=f"py-spy may not look at it: {told[:_MOST_SHOWN]}")
        return flame_of(file.read_text("utf-8", "replace"))
