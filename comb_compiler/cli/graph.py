"""Draw the graph of a comb: its steps, what flows between them, and the path that takes longest.

On a terminal it is drawn with lines, to its width; a graph that does not fit, or has more than 60 steps, is listed
layer by layer. SVG draws up to 300 steps, and of more the layers. What can be read of a comb with errors is drawn too,
such as a cycle; the findings go to stderr, and the exit code is 1. `--format plan` prints what the engine runs, for a
comb without errors.

example:
  comb graph combs/ocr                          on the terminal
  comb graph combs/ocr --arm rotate --types     as an arm of the experiment makes it, with messages
  comb graph combs/ocr --format svg -o ocr.svg  for a page
  comb graph combs/ocr --format mermaid         for a comment on GitHub or GitLab
"""

import argparse
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.checking import common_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.compiler import Compiled
    from comb_compiler.graph import View
    from comb_compiler.graph.drawing import Picture

__all__ = ["add_arguments", "run"]

_FORMS = ("text", "mermaid", "dot", "json", "svg", "plan")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="COMB", help="a comb.yaml, or a directory with one")
    parser.add_argument("--format", choices=_FORMS, default="text", help="what is written (default: text)")
    parser.add_argument("--types", action="store_true", help="show the message that flows along each arrow")
    parser.add_argument(
        "--processes", action="store_true", help="a plan with a process for each group of operators, as in a cluster"
    )
    variant = parser.add_mutually_exclusive_group()
    variant.add_argument("--arm", metavar="NAME", help="as this arm of the experiment makes it")
    variant.add_argument("--environment", metavar="NAME", help="as it is in this environment")
    parser.add_argument("-o", "--output", metavar="FILE", help="write it to a file instead")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.format == "plan" and (arguments.arm or arguments.environment):
        raise UsageError("a plan holds the comb as written and all its arms: leave --arm and --environment out")
    if arguments.processes and arguments.format != "plan":
        raise UsageError("--processes is for --format plan")
    checkout = Checkout(_root(arguments))
    main = _only_comb(checkout, arguments.path, console)
    if main is None:
        return Exit.FINDINGS
    compiled = _compile(checkout, main, VerdictCache(None if arguments.no_cache else default_directory()))
    if compiled.checked.kind == "Platform":
        raise UsageError(f"{arguments.path} declares a platform, which has no graph")
    text = _text(compiled, arguments, console)
    if text and arguments.output is not None:
        _write(Path(arguments.output), text)
    elif text:
        console.result(text)
    failed = has_errors(compiled.checked.diagnostics)
    if failed or not text:
        console.note(report(compiled.checked.diagnostics, "text", checkout, console).rstrip("\n"))
    return Exit.FINDINGS if failed or not text else Exit.CLEAN


def _root(arguments: argparse.Namespace) -> str:
    if arguments.root is None:
        return common_root([arguments.path])
    if not Path(arguments.root).is_dir():
        raise UsageError(f"--root {arguments.root}: there is no such directory")
    return str(Path(arguments.root).resolve())


def _only_comb(checkout: Checkout, path: str, console: Console) -> str | None:
    """The one comb that `path` names; None where there is none, which is said then."""
    mains, found = find_combs(checkout, [path])
    if len(mains) > 1:
        raise UsageError(f"{path} holds {len(mains)} combs: name one, such as {mains[0]}")
    if not mains:
        console.note(report(found, "text", checkout, console).rstrip("\n"))
        return None
    return mains[0]


def _compile(checkout: Checkout, main: str, cache: VerdictCache) -> "Compiled":
    from comb_compiler.compiler import compile_comb
    from comb_compiler.workspace.sources import load_sources

    return compile_comb(load_sources(checkout, main, cache.memo), memo=cache.memo)


def _text(compiled: "Compiled", arguments: argparse.Namespace, console: Console) -> str:
    """What is asked for; nothing where the comb is too broken for that."""
    if arguments.format == "plan":
        return _plan(compiled, parted=arguments.processes)
    variant = _variant(compiled, arguments)
    if variant is None:
        return ""
    from comb_compiler.graph.drawing import read_picture

    return _draw(read_picture(variant.view, variant.title), arguments, console)


def _plan(compiled: "Compiled", *, parted: bool) -> str:
    from comb_compiler.compiler import parted_by_groups
    from comb_compiler.release import plan_bytes

    if compiled.plan is None:
        return ""
    return plan_bytes(parted_by_groups(compiled) if parted else compiled.plan).decode("utf-8")


class _Variant(NamedTuple):
    view: "View"
    title: str


def _variant(compiled: "Compiled", arguments: argparse.Namespace) -> _Variant | None:
    checked = compiled.checked
    if checked.comb is None:
        return None
    title, base = checked.name or checked.main, checked.comb.base
    bound = base
    if arguments.arm is not None:
        experiment = base.value.experiment if base.value is not None else None
        _must_be_known(arguments.arm, {*checked.comb.arms, *(experiment.arms if experiment else ())}, "arm")
        bound, title = checked.comb.arms.get(arguments.arm, base), f"{title}, arm {arguments.arm}"
    elif arguments.environment is not None:
        _must_be_known(arguments.environment, checked.comb.environments, "environment")
        bound, title = checked.comb.environments[arguments.environment], f"{title}, environment {arguments.environment}"
    view = next((view for view in checked.views if view.bound is bound), None)
    return _Variant(view, title) if view is not None else None


def _must_be_known(name: str, known: Iterable[str], noun: str) -> None:
    from comb_compiler.spec.suggest import did_you_mean

    if name not in known:
        raise UsageError(f"there is no {noun} `{name}`; {did_you_mean(name, known, noun)[0]}")


def _draw(picture: "Picture", arguments: argparse.Namespace, console: Console) -> str:
    from comb_compiler.graph import drawing

    types = arguments.types
    if arguments.format == "text":
        is_file = arguments.output is not None
        width = 80 if is_file else shutil.get_terminal_size((80, 24)).columns
        terminal = drawing.Terminal(width, console.colour and not is_file, is_file or console.unicode)
        return drawing.draw_text(picture, terminal, types=types)
    if arguments.format == "json":
        return drawing.draw_json(picture)
    forms = {"mermaid": drawing.draw_mermaid, "dot": drawing.draw_dot, "svg": drawing.draw_svg}
    return forms[arguments.format](picture, types=types)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutsideFailure(f"`{path}` cannot be written: {problem.strerror}") from problem
