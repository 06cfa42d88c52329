"""What a command shows on a terminal of some width."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

__all__ = ["on_terminal", "shown_on", "terminal_of"]


def on_terminal(columns: int, *arguments: str, cwd: Path, cache: Path) -> str:
    """The results of `comb`, with their colours; findings and notes are left out. `cache` is its own."""
    controller, terminal = terminal_of(columns)
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    environment = {"PYTHONPATH": os.getcwd(), **kept, "TERM": "xterm", "PYTHONUTF8": "1", "COMB_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=cwd, env=environment, stdin=quiet, stdout=terminal, stderr=quiet):
        os.close(terminal)
        return shown_on(controller)


def terminal_of(columns: int) -> tuple[int, int]:
    """A terminal so wide: the descriptor that sees what is shown on it, and the one to write to."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    return controller, terminal


def shown_on(controller: int) -> str:
    """All that is shown on a terminal until nobody has it any more; its descriptor is then closed."""
    shown = b""
    try:
        while part := os.read(controller, 65536):
            shown += part
    except OSError:  # which is how a terminal ends on Linux
        pass
    os.close(controller)
    return shown.decode("utf-8").replace("\r\n", "\n")
