"""Show one policy: what it is for, what it asks, and what passes it and what does not.

example:
  comb policy explain limits.comb.dev
  comb policy explain floors.acme.example platform/policies
"""

import argparse
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.policy import add_folders, open_folders, read_folders
from comb_compiler.cli.policy.listing import described

if TYPE_CHECKING:
    from comb_compiler.policy.model import Policy, PolicySet, Rule

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the policy's name")
    add_folders(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.policy.fixtures import FOLDER
    from comb_compiler.spec.suggest import did_you_mean
    from comb_compiler.workspace.policies import test_files

    folders = open_folders(arguments)
    policies, _ = read_folders(folders)
    policy = next((one for one in policies.policies if one.name == arguments.name), None)
    if policy is None:
        hints = did_you_mean(arguments.name, [one.name for one in policies.policies], "policies")
        raise UsageError(f"there is no policy `{arguments.name}`: {hints[0] if hints else 'name its folder too'}")
    stem = policy.file.rpartition("/")[2].rpartition(".")[0]
    tests = [name for path in folders.paths for name in test_files(folders.checkout, path, FOLDER)]
    fixtures = [name.rpartition("/")[2] for name in tests if f"/{stem}/" in f"/{name}"]
    lines = [*_head(policy, policies), *_rule(policy.rule), "", "fixtures: " + (", ".join(fixtures) or "none")]
    console.result("\n".join(lines) + "\n")
    return Exit.CLEAN


def _head(policy: "Policy", policies: "PolicySet") -> list[str]:
    said = described(policy, policies)
    actions = ", ".join(said["actions"]) or "nothing, since it is not bound"
    return [said["name"], said["description"], "", f"about: {', '.join(said['about'])}", f"else: {actions}"]


def _rule(rule: "Rule") -> list[str]:
    lines = []
    for condition in rule.conditions:
        lines += ["", "only where:", *_indented(condition.expression.text)]
    for variable in rule.variables:
        lines += ["", f"{variable.name} =", *_indented(variable.expression.text)]
    for validation in rule.validations:
        lines += ["", "must hold:", *_indented(validation.holds.expression.text)]
        said = validation.says.expression.text if validation.says is not None else validation.message
        lines += ["else it says:", *_indented(said)] if said else []
    return lines


def _indented(text: str) -> list[str]:
    return [f"  {line.strip()}" for line in text.strip().split("\n")]
