"""What came of a comparison → the form that is asked for."""

import argparse
import json
from pathlib import Path

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_against import Compared
from comb_compiler.cli.reporting import report
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["nothing", "show"]

_NO_JINJA = "--format html needs the Python package `jinja2`; install the extra: pip install 'comb-compiler[changes]'"


def nothing(against: str) -> Compared:
    """A comparison in which nothing differs."""
    return Compared(f"`{against}`", (), ())


def show(compared: Compared, arguments: argparse.Namespace, checkout: Checkout, console: Console) -> None:
    """Print it; findings are in the output where programs read that, else they are told beside it."""
    if arguments.format == "json":
        console.result(_as_json(compared, checkout, console))
        return
    console.note(report(compared.diagnostics, "text", checkout, console).rstrip("\n"))
    if arguments.format == "html":
        console.result(_as_html(compared))
    elif arguments.format == "markdown":
        _show_comments(compared, arguments.output, console)
    else:
        from comb_compiler.cli.plan_changes import changes_text

        console.result(changes_text(compared, console))


def _as_json(compared: Compared, checkout: Checkout, console: Console) -> str:
    from comb_compiler.changes.as_json import VERSION, changes_json
    from comb_compiler.plan.as_json import plans_json

    found = json.loads(report(compared.diagnostics, "json", checkout, console))["diagnostics"]
    whole = {
        "version": VERSION,
        "against": compared.title.strip("`"),
        "diagnostics": found,
        "plans": plans_json(compared.plans),
        "changes": [changes_json(one) for one in compared.changes],
        "notCompared": [{"file": file, "environment": environment} for file, environment in compared.failed],
        "gone": [{"comb": name, "environment": environment} for name, environment in compared.gone],
    }
    return json.dumps(whole, indent=2, ensure_ascii=True, default=str)


def _remarks(compared: Compared) -> list[str]:
    """What is to be said of combs of which nothing is shown."""
    failed = [f"{main} has mistakes in {environment}, and is not compared" for main, environment in compared.failed]
    gone = [
        f"{name} has no comb.yaml any more: it runs on in {environment} until it is retired"
        for name, environment in compared.gone
    ]
    return [*failed, *gone]


def _as_html(compared: Compared) -> str:
    try:
        from comb_compiler.changes.pages import changes_html
    except ModuleNotFoundError as problem:
        if problem.name != "jinja2":
            raise
        raise UsageError(_NO_JINJA) from problem
    return changes_html(compared.title, compared.changes, _remarks(compared))


def _show_comments(compared: Compared, output: str | None, console: Console) -> None:
    """Each comment in a file of its own, or one after the other."""
    from comb_compiler.changes.markdown import comments

    made = comments(compared.title, compared.changes, _remarks(compared))
    if output is None:
        console.result("\n".join(made))
        return
    directory = Path(output)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(made, 1):
            (directory / f"plan-{number}.md").write_text(text, encoding="utf-8")
    except OSError as problem:
        raise OutsideFailure(f"`{output}` cannot be written: {(problem.strerror or 'no place').lower()}") from problem
    console.note(f"{output}: {len(made)} comment{'s' if len(made) > 1 else ''}")
