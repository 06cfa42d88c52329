"""What a command shows on a terminal of some width."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

__all__ = ["on_terminal"]


def on_terminal(columns: int, *arguments: str, cwd: Path, cache: Path) -> str:
    """The results of `comb`, with their colours; findings and notes are left out. `cache` is its own."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment = {"PYTHONPATH": os.getcwd(), **kept, "TERM": "xterm", "PYTHONUTF8": "1", "COMB_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=cwd, env=environment, stdin=quiet, stdout=terminal, stderr=quiet):
        os.close(terminal)
        shown = b""
        try:
            while part := os.read(controller, 65536):
                shown += part
        except OSError:  # which is how a terminal ends on Linux
            pass
    os.close(controller)
    return shown.decode("utf-8").replace("\r\n", "\n")
