"""Policies as they were read: a cluster's ValidatingAdmissionPolicies with their bindings, and those over combs."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from comb_compiler.policy.evaluator import Program
from comb_compiler.policy.expressions import Expression
from comb_compiler.source import Node

__all__ = ["Binding", "Compiled", "Policy", "PolicySet", "Rule", "Shipped", "Validation"]


class Compiled(NamedTuple):
    """An expression that can be evaluated, and where it was written. `name` is that of a variable or a condition.

    `needs` are the variables that it names. Two with the same `key` have the same value of the same object.
    """

    name: str
    expression: Expression
    program: Program
    node: Node
    needs: tuple[str, ...] = ()
    key: str = ""


class Validation(NamedTuple):
    """What must hold. `path` is the field that a finding of a policy over combs is shown at, where that is said."""

    holds: Compiled
    message: str = ""
    says: Compiled | None = None
    path: str = ""


class Rule(NamedTuple):
    """What every kind of policy has: variables, which are evaluated once, conditions, and validations.

    A policy whose `fails` is False lets pass what it cannot judge. `together` gives an expression that is true only
    where every validation holds, if there is one; `bound` an expression of a validation, by its text, with all
    variables within it. Each is made when it is first asked for.
    """

    conditions: tuple[Compiled, ...]
    variables: tuple[Compiled, ...]
    validations: tuple[Validation, ...]
    fails: bool = True
    together: Callable[[], Program | None] = lambda: None
    bound: Callable[[str], Program | None] = lambda _: None


class Policy(NamedTuple):
    """A ValidatingAdmissionPolicy, or where `is_of_combs` a CombPolicy. `spec` is as it was written."""

    name: str
    file: str
    root: Node
    spec: Mapping[str, Any]
    rule: Rule
    is_of_combs: bool = False

    @property
    def description(self) -> str:
        """What it is for, for people."""
        annotations = self.root.data["metadata"].get("annotations") or {}
        return str(annotations.get("comb.dev/description", ""))


class Binding(NamedTuple):
    """A ValidatingAdmissionPolicyBinding."""

    name: str
    policy: str
    file: str
    root: Node
    spec: Mapping[str, Any]

    @property
    def actions(self) -> tuple[str, ...]:
        """What comes of what it finds: Deny, Warn, Audit."""
        return tuple(self.spec["validationActions"])


class Shipped(NamedTuple):
    """An object of a folder of policies as a cluster is told it, and the file that it is from."""

    file: str
    root: Node


class PolicySet(NamedTuple):
    """All policies of some folders, and the files that were read.

    `params` are objects that policies look up, by what they are.
    """

    policies: tuple[Policy, ...] = ()
    bindings: tuple[Binding, ...] = ()
    params: tuple[Mapping[str, Any], ...] = ()
    shipped: tuple[Shipped, ...] = ()
    files: tuple[str, ...] = ()

    def bindings_of(self, policy: Policy) -> tuple[Binding, ...]:
        """The bindings of a policy."""
        return tuple(one for one in self.bindings if one.policy == policy.name)
