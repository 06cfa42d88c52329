"""List policies: what each is for, what it is about, and what comes of it where it does not hold.

example:
  comb policy list                         the policies that come with Comb
  comb policy list platform/policies --format json
"""

import argparse
import json
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.policy import add_folders, open_folders, read_folders
from comb_compiler.cli.reporting import report
from comb_compiler.cli.tables import table
from comb_compiler.diagnostics import has_errors
from comb_compiler.diagnostics.render.printable import width

if TYPE_CHECKING:
    from comb_compiler.policy.model import Policy, PolicySet

__all__ = ["about", "add_arguments", "described", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_folders(parser)
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how they are written (default: text)"
    )


_BROKEN = "if broken"
"""What comes of it where a policy does not hold."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    folders = open_folders(arguments)
    policies, found = read_folders(folders)
    console.note(report(found, "text", folders.checkout, console).rstrip("\n"))
    ordered = sorted(policies.policies, key=lambda one: one.name)
    all_of_them = [described(one, policies) for one in ordered]
    if arguments.format == "json":
        console.result(json.dumps({"version": 1, "policies": all_of_them}, indent=2, ensure_ascii=False) + "\n")
    else:
        console.result(_table(all_of_them, console.width) + "\n")
    return Exit.FINDINGS if has_errors(found) else Exit.CLEAN


def _table(policies: list[dict[str, Any]], columns: int) -> str:
    """A row for each policy, and what it is for in as many lines as it takes."""
    actions = [", ".join(one["actions"]) or "nothing" for one in policies]
    taken = sum(
        max((width(text) for text in texts), default=0) + 2 for texts in ([one["name"] for one in policies], actions)
    )
    rows: list[tuple[str, str, str]] = []
    for one, action in zip(policies, actions, strict=True):
        first, *others = wrap(one["description"], max(columns - taken - len(_BROKEN), 30)) or [""]
        rows += [(one["name"], action, first), *(("", "", line) for line in others)]
    return table(("policy", _BROKEN, "what it is for"), rows)


def described(policy: "Policy", policies: "PolicySet") -> dict[str, Any]:
    """A policy in plain values."""
    actions = [action for one in policies.bindings_of(policy) for action in one.actions]
    return {
        "name": policy.name,
        "kind": str(policy.root.data["kind"]),
        "file": policy.file,
        "about": about(policy),
        "actions": list(dict.fromkeys(actions)) if not policy.is_of_combs else _own_actions(policy),
        "description": policy.description,
    }


def _own_actions(policy: "Policy") -> list[str]:
    return list(policy.spec.get("validationActions", ["Deny"]))


def about(policy: "Policy") -> list[str]:
    """The resources that a policy is about; of one over combs, where it applies."""
    if policy.is_of_combs:
        environments = policy.spec.get("environments")
        return [f"combs in {one}" for one in environments] if environments else ["combs"]
    rules = policy.spec["matchConstraints"]["resourceRules"]
    return list(dict.fromkeys(resource for rule in rules for resource in rule["resources"]))
