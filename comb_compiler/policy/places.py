"""Where a finding of a policy is shown: at the field that its expression is about."""

from collections.abc import Iterator

from comb_compiler.policy.judging import Verdict
from comb_compiler.policy.model import Compiled, Rule

__all__ = ["about"]

_MOST = 100
"""Chains that are looked at: variables may name one another often."""


def about(verdict: Verdict, rule: Rule, root: str) -> tuple[str, ...]:
    """The field below `root` that what was said is about: the first that it names, by itself or by its variables."""
    if verdict.source is None:
        return ()
    return next(_chains(verdict.source, {one.name: one for one in rule.variables}, root), ())


def _chains(source: Compiled, variables: dict[str, Compiled], root: str) -> Iterator[tuple[str, ...]]:
    pending, seen = [source], 0
    while pending and seen < _MOST:
        one = pending.pop(0)
        seen += 1
        yield from one.expression.below(root)
        named = (chain[0] for chain in one.expression.below("variables"))
        pending += (variables[name] for name in named if name in variables)
