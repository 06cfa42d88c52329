"""Pages of the docs as scripts: files to write, commands to run, output to expect.

A fenced block's info string says what it is: `yaml file=comb.yaml` is written to that file; `console` is a transcript,
whose lines after `$ ` are commands and whose other lines are their output (`console exit=1`: the exit code of the
last command). A line `…` in expected output stands for any lines. All other blocks are only for reading. The blocks of
a page run from top to bottom in one directory.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Block", "Command", "Outcome", "blocks", "commands", "matches", "run_page"]

_FENCE = re.compile(r"^```(?P<info>\S.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
_SECONDS = 600


class Block(NamedTuple):
    """A fenced block: its language, the options of its info string, its text and where that stands in the page."""

    language: str
    options: dict[str, str]
    body: str
    start: int
    end: int


class Command(NamedTuple):
    """One command of a transcript, what it should print, and its exit code."""

    line: str
    expected: str
    exit_code: int


class Outcome(NamedTuple):
    """What a page promised and did not keep, and the page with the output that really came."""

    wrong_exit_codes: list[str]
    wrong_output: list[str]
    rewritten: str


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _FENCE.finditer(page):
        language, *words = found["info"].split()
        options = dict(word.partition("=")[::2] for word in words)
        yield Block(language, options, found["body"], *found.span("body"))


def commands(block: Block) -> list[Command]:
    """The commands of a `console` block."""
    parts = re.split(r"^\$ ", block.body, flags=re.MULTILINE)
    assert not parts[0], f"a transcript begins with a command, not with {parts[0]!r}"
    codes = [0] * (len(parts) - 2) + [int(block.options.get("exit", "0"))]
    pairs = (part.partition("\n")[::2] for part in parts[1:])
    return [Command(line, expected, code) for (line, expected), code in zip(pairs, codes, strict=True)]


def matches(expected: str, actual: str) -> bool:
    """Whether output is as expected, `…` lines standing for any lines."""
    pattern = "".join("(?:.*\n)*" if line == "…\n" else re.escape(line) for line in expected.splitlines(keepends=True))
    return re.fullmatch(pattern, actual) is not None


def run_page(page: str, directory: Path) -> Outcome:
    """Run a page in `directory`."""
    outcome = Outcome([], [], "")
    rewritten, copied = [], 0
    for block in blocks(page):
        if "file" in block.options:
            path = directory / block.options["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        elif block.language == "console":
            body = "".join(_transcript(command, directory, outcome) for command in commands(block))
            rewritten += [page[copied : block.start], body]
            copied = block.end
    return outcome._replace(rewritten="".join([*rewritten, page[copied:]]))


def _transcript(command: Command, directory: Path, outcome: Outcome) -> str:
    code, output = _run(command.line, directory)
    if code != command.exit_code:
        outcome.wrong_exit_codes.append(f"$ {command.line}\nexit code {code}, not {command.exit_code}:\n{output}")
    same = matches(command.expected, output)
    if not same:
        outcome.wrong_output.append(f"$ {command.line}\n--- expected\n{command.expected}--- printed\n{output}")
    return f"$ {command.line}\n{command.expected if same else output}"


def _run(line: str, directory: Path) -> tuple[int, str]:
    """Run one line in a shell that finds this environment's `comb`, and nothing of this user's."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(directory.parent),
        "XDG_CACHE_HOME": str(directory.parent / "cache"),
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
    )
    output = done.stdout.decode("utf-8")
    return done.returncode, output + "\n" if output and not output.endswith("\n") else output
