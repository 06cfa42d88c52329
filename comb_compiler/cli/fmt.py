"""Write files in the canonical form: one look for all, with every comment kept.

Line ends become `\\n` and a byte order mark goes. A file that is no YAML, or no mapping, is reported and left alone.

example:
  comb fmt .                 every comb.yaml below
  comb fmt . --check         for CI: exit code 1 if a file is not in this form
  comb fmt comb.yaml --diff  show what would change, and change nothing
"""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.drafts import Drafts
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.reporting import report
from comb_compiler.diagnostics import Diagnostic, has_errors
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.discovery import find_combs

if TYPE_CHECKING:
    from comb_compiler.source import SourceFile

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a YAML file of Comb's, or a directory")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--check", action="store_true", help="only say which files are not in the canonical form")
    parser.add_argument("--diff", action="store_true", help="print the changes as a patch, and write nothing")
    parser.set_defaults(platform=None)


def run(arguments: argparse.Namespace, console: Console) -> int:
    drafts = Drafts(open_root(arguments))
    mains, found = find_combs(drafts, arguments.paths)
    diagnostics = [*found, *(finding for main in mains for finding in _format(drafts, main))]
    console.note(report(diagnostics, "text", drafts, console).rstrip("\n"))
    changed = drafts.changed
    if arguments.diff:
        console.patch(drafts.diff())
    for name in changed:
        console.note(
            f"{printable(name)}: {'not in canonical form' if arguments.check or arguments.diff else 'rewritten'}"
        )
    if not arguments.check and not arguments.diff:
        drafts.write()
    console.note(f"{len(mains)} file{'s' if len(mains) != 1 else ''} looked at, {len(changed)} to change")
    failed = has_errors(diagnostics) or (changed and arguments.check)
    return Exit.FINDINGS if failed else Exit.CLEAN


def _format(drafts: Drafts, main: str) -> list[Diagnostic]:
    from comb_compiler.diagnostics import Span
    from comb_compiler.diagnostics.model import diagnose
    from comb_compiler.source import decode
    from comb_compiler.source.formatting import format_text

    content = drafts.read(main)
    if isinstance(content, Unavailable):
        hints = (content.hint,) if content.hint else ()
        return [diagnose(content.code, content.message, Span.whole_file(main), hints=hints)]
    source, refused = decode(main, content)
    if source is None:
        return refused
    stranger = _no_file_of_ours(source)
    if stranger:
        return stranger
    formatted = format_text(source.text)
    if formatted.text is not None:
        drafts.replace(main, formatted.text.encode("utf-8"))
    return [finding._replace() for finding in formatted.diagnostics]


def _no_file_of_ours(source: "SourceFile") -> list[Diagnostic]:
    """What is said of a text that is YAML by chance, as most texts are: a .proto file, or a list of requirements."""
    from comb_compiler.diagnostics import codes
    from comb_compiler.source import Mapping, parse

    documents = parse(source).documents
    if not documents or isinstance(documents[0].root, Mapping):
        return []
    from comb_compiler.spec.loading import read_once

    return [finding for finding in read_once(source).diagnostics if finding.code is codes.NOT_A_MAPPING]
