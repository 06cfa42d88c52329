"""What came of a comparison → the form that is asked for."""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.plan_against import Compared
from comb_compiler.cli.reporting import report
from comb_compiler.workspace.checkout import Checkout

__all__ = ["show"]


def show(compared: Compared, arguments: argparse.Namespace, checkout: Checkout, console: Console) -> None:
    """Print it; findings are in the output where programs read that, else they are told beside it."""
    if arguments.format != "json":
        console.note(report(compared.diagnostics, "text", checkout, console).rstrip("\n"))
    from comb_compiler.cli.plan_changes import changes_text

    console.result(changes_text(compared, console))
