"""Say what a diagnostic means: what it is, why it matters, an example, and what to write instead.

example:
  comb explain COMB1004
  comb explain duplicate-key 2009
  comb explain                    all there are
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.diagnostics import CODES, find_code
from comb_compiler.diagnostics.explain import explain

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "codes", metavar="CODE", nargs="*", help="codes, their numbers or their names; all are listed without one"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.codes:
        console.result("\n".join(f"{code.id}  {code.severity.value:<7}  {code.name}" for code in CODES))
        return Exit.CLEAN
    found = {wanted: find_code(wanted) for wanted in arguments.codes}
    unknown = [_unknown(wanted) for wanted, code in found.items() if code is None]
    if unknown:
        raise UsageError("; ".join(unknown))
    pages = dict.fromkeys(explain(code) for code in found.values() if code is not None)
    console.result("\n".join(pages))
    return Exit.CLEAN


def _unknown(wanted: str) -> str:
    from comb_compiler.spec.suggest import closest

    match = closest(wanted.lower(), [code.name for code in CODES])
    advice = f"did you mean `{match}`?" if match else "`comb explain` lists them all"
    return f"there is no diagnostic `{wanted}`: {advice}"
