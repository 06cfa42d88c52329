"""Show one policy: what it is for, what it asks, and what passes it and what does not.

example:
  comb policy explain limits.comb.dev
  comb policy explain floors.acme.example platform/policies
"""

import argparse
from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.policy import add_folders, open_folders, read_folders
from comb_compiler.cli.policy.listing import described
from comb_compiler.cli.reporting import report
from comb_compiler.diagnostics import has_errors
from comb_compiler.diagnostics.render.printable import printable

if TYPE_CHECKING:
    from comb_compiler.policy.model import Policy, PolicySet, Rule

__all__ = ["add_arguments", "run"]

_Line = tuple[str, str]
"""The room before a line, and its text."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the policy's name")
    add_folders(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.policy.fixtures import FOLDER
    from comb_compiler.spec.suggest import did_you_mean
    from comb_compiler.workspace.policies import test_files

    folders = open_folders(arguments)
    policies, found = read_folders(folders)
    policy = next((one for one in policies.policies if one.name == arguments.name), None)
    if policy is None:
        console.note(report(found, "text", folders.checkout, console).rstrip("\n"))
        if has_errors(found):
            raise UsageError(f"there is no policy `{arguments.name}` that is right: see above")
        hints = did_you_mean(arguments.name, [one.name for one in policies.policies], "policies")
        raise UsageError(f"there is no policy `{arguments.name}`: {hints[0] if hints else 'name its folder too'}")
    stem = policy.file.rpartition("/")[2].rpartition(".")[0]
    tests = [name for path in folders.paths for name in test_files(folders.checkout, path, FOLDER)]
    fixtures = [name.rpartition("/")[2] for name in tests if f"/{stem}/" in f"/{name}"]
    lines = [*_head(policy, policies), *_rule(policy.rule), ("", ""), ("", "fixtures:")]
    lines += [("  ", one) for one in fixtures] or [("  ", "none")]
    shown = [line for indent, text in lines for line in _wrapped(indent, printable(text), console.width)]
    console.result("\n".join(shown) + "\n")
    return Exit.CLEAN


def _head(policy: "Policy", policies: "PolicySet") -> Iterator[_Line]:
    said = described(policy, policies)
    yield "", f"{said['name']}, a {said['kind']} in {said['file']}"
    if said["description"]:
        yield "  ", said["description"]
    yield "", ""
    yield "", f"about: {', '.join(said['about'])}"
    yield "", f"if broken: {', '.join(said['actions']) or 'nothing, since it is not bound'}"
    if not policy.rule.fails:
        yield "", "if it cannot be judged: it passes"
    for name, value in _params(policy, policies):
        yield "", f"{name}: {value}"


def _params(policy: "Policy", policies: "PolicySet") -> Iterator[tuple[str, str]]:
    """What the params are, or where they come from."""
    for name, value in policy.spec.get("params", {}).items():
        yield f"params.{name}", str(value)
    if "paramKind" not in policy.spec:
        return
    for binding in policies.bindings_of(policy):
        reference = binding.spec.get("paramRef") or {}
        named = reference.get("name") or "those that its selector selects"
        home = reference.get("namespace") or "the namespace of the object"
        yield "params", f"{policy.spec['paramKind']['kind']} {named} in {home}"


def _rule(rule: "Rule") -> Iterator[_Line]:
    for condition in rule.conditions:
        yield from _titled("only where:", condition.expression.text)
    for variable in rule.variables:
        yield from _titled(f"variables.{variable.name} =", variable.expression.text)
    for validation in rule.validations:
        yield from _titled("must hold:", validation.holds.expression.text)
        if validation.message:
            yield from _block("else it says:", validation.message)
        if validation.says is not None:
            yield from _block("else it says what this gives:", validation.says.expression.text)


def _titled(title: str, text: str) -> Iterator[_Line]:
    yield "", ""
    yield from _block(title, text)


def _block(title: str, text: str) -> Iterator[_Line]:
    yield "", title
    for line in text.strip().split("\n"):
        yield "  ", line.strip()


def _wrapped(indent: str, text: str, columns: int) -> list[str]:
    """Lines of a terminal; what goes on has more room before it. Words are never cut."""
    deeper = indent + "  "
    return wrap(
        text, columns, initial_indent=indent, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False
    ) or [""]
