"""Command line → exit code."""

import argparse
import errno
import gc
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from types import ModuleType
from typing import Any, NoReturn

from comb_compiler import __version__
from comb_compiler.cli.commands import COMMANDS, GROUPS, Command
from comb_compiler.cli.console import Console
from comb_compiler.cli.ending import end, forget
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["build_parser", "main"]

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM))
"""What ails the machine, wherever it comes up."""
_WIDEST = 118
"""Columns of help: in wider lines an eye loses its way."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every way out of it is an exit code of `Exit`, or 130 when interrupted.

    Without `argv` the arguments are the process's own, and the process is to end with the command.
    """
    code = _guarded(list(sys.argv[1:] if argv is None else argv))
    if argv is None:
        if "comb_compiler.runtime" in sys.modules:
            from comb_compiler.runtime.ending import leave_behind_what_hangs

            leave_behind_what_hangs(code)
        end(code)
        gc.freeze()  # the end of Python would look through everything for garbage
    else:
        gc.enable()  # a command may have turned it off for itself
        forget()
    return code


def _guarded(arguments: list[str]) -> int:
    gc.set_threshold(200_000, 20, 20)  # a run makes many values that live to its end: looking for garbage is wasted
    _leave_out_plugins()
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC's core writes lines of its own, which nobody asked for
    console = Console()
    try:
        return _run(arguments, console)
    except UsageError as error:
        console.note(_told(str(error)))
        return Exit.USAGE
    except OutsideFailure as failure:
        console.note(outside(failure))
        return Exit.OUTSIDE_FAILED
    except KeyboardInterrupt:
        console.note("comb: interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.CLEAN
    except Exception as bug:
        if isinstance(bug, OSError) and bug.errno in _NO_ROOM:
            console.note(f"comb: {bug.filename or 'what it writes'}: {bug.strerror}")
            return Exit.OUTSIDE_FAILED
        return _report(bug, console)


def _leave_out_plugins() -> None:
    """pydantic asks every installed package for plugins: what is installed must not change what a file means.

    Its loader reads packages' metadata before it asks whether it may, which costs more than the check of a comb; so
    another one stands in its place.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    loader = ModuleType("pydantic.plugin._loader")
    loader.__dict__["get_plugins"] = tuple
    sys.modules.setdefault(loader.__name__, loader)


def _run(arguments: list[str], console: Console) -> int:
    command, rest = _named(arguments)
    if command is None:
        words = [argument for argument in arguments if not argument.startswith("-")]
        if words[:1] and words[0] in GROUPS:
            if words[1:]:
                raise UsageError(_unknown(" ".join(words[:2])))
            _group(words[0]).print_help()
            return Exit.CLEAN
        if words:
            raise UsageError(_unknown(words[0]))
        parser = _top_level()
        parsed = parser.parse_args(arguments)
        if parsed.command is None:
            parser.print_help()
        return Exit.CLEAN
    module = importlib.import_module(command.module)
    parser = build_parser(command, module)
    # Options may stand between the positional arguments; before 3.12.7 `parse_args` then loses the last, optional one.
    parsed = parser.parse_intermixed_args(rest)
    return int(module.run(parsed, console))


def _named(arguments: list[str]) -> tuple[Command | None, list[str]]:
    """The command that the first two words name, where nothing stands between them, or the first alone, or both; and
    the arguments after it.
    """
    whole = {command.name: command for command in COMMANDS}
    if (both := whole.get(" ".join(arguments[:2]))) is not None and len(arguments) > 1:
        return both, arguments[2:]
    places = [index for index, argument in enumerate(arguments) if not argument.startswith("-")][:2]
    for last in range(len(places)):
        name = " ".join(arguments[index] for index in places[: last + 1])
        if name in whole:
            return whole[name], arguments[places[last] + 1 :]
    return None, []


def outside(failure: OutsideFailure) -> str:
    """What is said of a failure that is neither the files' fault nor ours."""
    return _told(f"{failure}" + (f"\n  = help: {failure.hint}" if failure.hint else ""))


def _told(message: str) -> str:
    """What comb says of a run that ends: it may name files, and names may hold what terminals obey."""
    from comb_compiler.diagnostics.render.printable import printable

    return f"comb: {printable(message)}"


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    match = get_close_matches(name, [command.name for command in COMMANDS] + list(GROUPS), n=1)
    where = f"comb {name.split()[0]}" if name.split()[0] in GROUPS else "comb --help"
    advice = f"did you mean `comb {match[0]}`?" if match else f"see `{where}`"
    return f"there is no command `{name}`; {advice}"


class _Help(argparse.RawDescriptionHelpFormatter):
    """argparse makes one for every argument that it is told of, and would ask shutil for the width each time."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=min(_columns() - 2, _WIDEST))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Sentences as wide as the terminal is; what is indented stays as it was written."""
        groups = groupby(text.strip().split("\n"), key=lambda line: not line or line[0] == " ")
        lines = (
            line
            for is_kept, group in groups
            for line in (group if is_kept else self._split_lines(" ".join(group), width - len(indent)))
        )
        return "\n".join(f"{indent}{line}".rstrip() for line in lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap

        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns or 80
    except (ValueError, OSError):
        return 80


class _Parser(argparse.ArgumentParser):
    """argparse, with our exit code and the way to help."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage().strip()}\nsee `{self.prog} --help`")


def build_parser(command: Command, module: Any) -> argparse.ArgumentParser:
    """The parser of one command; the reference pages are made from it too."""
    parser = _Parser(
        prog=f"comb {command.name}",
        description=module.__doc__,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return parser


def _top_level() -> argparse.ArgumentParser:
    first = {(name := command.name.split()[0]): GROUPS.get(name, command.summary) for command in COMMANDS}
    parser = _Parser(
        prog="comb",
        usage="comb <command> [options]",
        description="Comb compiles one declarative comb.yaml to proven Kubernetes releases.",
        epilog=f"{_listed(first)}\n\n`comb <command> --help` shows a command's options and an example.",
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"comb {__version__}")
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    return parser


def _group(name: str) -> argparse.ArgumentParser:
    own = {one.name: one.summary for one in COMMANDS if one.name.startswith(f"{name} ")}
    return _Parser(
        prog=f"comb {name}",
        usage=f"comb {name} <command> [options]",
        description=f"{GROUPS[name][:1].upper()}{GROUPS[name][1:]}.",
        epilog=f"{_listed(own)}\n\n`comb {name} <command> --help` shows a command's options and an example.",
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )


def _listed(summaries: Mapping[str, str]) -> str:
    width = max(len(name) for name in summaries)
    return "commands:\n" + "\n".join(f"  {name:<{width}}  {summary}" for name, summary in summaries.items())


def _report(bug: Exception, console: Console) -> int:
    import traceback

    if os.environ.get("COMB_TRACEBACK"):
        console.note("".join(traceback.format_exception(bug)))
    where = traceback.extract_tb(bug.__traceback__)[-1]
    place = f"{os.path.basename(where.filename)}:{where.lineno}"
    console.note(f"comb: this is a bug in comb {__version__}: {type(bug).__name__} at {place}")
    console.note("comb: run again with COMB_TRACEBACK=1 and report what it prints; your files are not to blame")
    return Exit.BUG
