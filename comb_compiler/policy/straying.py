"""Environments that policies over combs name by a slip: no platform has them, and nothing is asked."""

import re
from collections.abc import Collection, Iterator

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.policy.model import Policy, PolicySet
from comb_compiler.source.nodes import child
from comb_compiler.spec.suggest import closest, you_meant

__all__ = ["stray_environments"]

_LEAST = 5
"""Letters of a word in which one that is wrong is a slip: `eu` and `us`, `east` and `west` are none."""


def stray_environments(policies: PolicySet, environments: Collection[str]) -> Iterator[Diagnostic]:
    """What is said of names that are nearly those of `environments`, which are a platform's.

    Other names are no mistakes: platforms share policies, and the environment may be another one's.
    """
    for policy in policies.policies:
        named = policy.spec.get("environments", ()) if policy.is_of_combs else ()
        for index, name in enumerate(named):
            meant = closest(name, environments) if name not in environments else None
            if meant is not None and meant not in named and _is_slip(name, meant):
                yield _stray(policy, index, meant)


def _stray(policy: Policy, index: int, meant: str) -> Diagnostic:
    place = child(child(child(policy.root, "spec"), "environments"), index)
    assert place is not None
    return diagnose(
        codes.STRAY_ENVIRONMENT,
        f"the policy `{policy.name}` is for `{place.data}`, which this platform does not have",
        place.span,
        path=f"spec.environments[{index}]",
        hints=(
            you_meant(place.data, meant),
            "if another platform has it, keep the policy in a folder that only that one names",
        ),
    )


def _is_slip(word: str, meant: str) -> bool:
    """Whether they differ in capitals and hyphens alone, or in one letter, or two that changed places."""
    words, others = (re.split(r"[-_]", one.lower()) for one in (word, meant))
    if "".join(words) == "".join(others):
        return True
    differing = [pair for pair in zip(words, others, strict=False) if pair[0] != pair[1]]
    return len(words) == len(others) and len(differing) == 1 and _is_one_letter(*differing[0])


def _is_one_letter(word: str, other: str) -> bool:
    if min(len(word), len(other)) < _LEAST:
        return False
    while word and other and word[0] == other[0]:
        word, other = word[1:], other[1:]
    while word and other and word[-1] == other[-1]:
        word, other = word[:-1], other[:-1]
    return max(len(word), len(other)) <= 1 or (len(word) == 2 and word == other[::-1])
