"""The policies that come with Comb, and their fixtures, as tests use them."""

import functools
from typing import Any

from comb_compiler.policy.admission import decide
from comb_compiler.policy.evaluator import Outcome
from comb_compiler.policy.fixtures import FOLDER, Fixture, read_fixtures
from comb_compiler.policy.library import CelLibrary
from comb_compiler.policy.matching import Asked
from comb_compiler.policy.model import PolicySet
from comb_compiler.policy.reading import read_policies
from comb_compiler.workspace.policies import own_policies, read_policy_folder, test_files

__all__ = ["EVALUATOR", "NAMESPACE", "admitted", "own_files", "own_fixtures", "own_set"]

EVALUATOR = CelLibrary()
NAMESPACE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": "moderation",
        "labels": {"app.kubernetes.io/managed-by": "comb", "kubernetes.io/metadata.name": "moderation"},
    },
}


def own_files() -> dict[str, bytes]:
    """The files that they are in."""
    return _bytes(read_policy_folder(own_policies(), "."))


@functools.cache
def own_set() -> PolicySet:
    """The policies, with the params that their fixtures share."""
    policies, found = read_policies(own_files(), EVALUATOR)
    assert not found
    shared = next(iter(own_fixtures())).others[-1]
    return policies._replace(params=(shared,))


@functools.cache
def own_fixtures() -> tuple[Fixture, ...]:
    """Every fixture of them."""
    fixtures, found = read_fixtures(_bytes(test_files(own_policies(), ".", FOLDER)))
    assert not found
    return fixtures


def _bytes(files: Any) -> dict[str, bytes]:
    assert all(isinstance(content, bytes) for content in files.values())
    return dict(files)


def admitted(document: Any) -> set[tuple[str, str]]:
    """What is said against an object: by policy the message, or an empty one where it could not be evaluated."""
    found = decide(own_set(), Asked(document, namespace=NAMESPACE), EVALUATOR)
    assert all(one.verdict.outcome in (Outcome.VALUE, Outcome.ERROR) for one in found), found
    return {(one.policy.name, one.verdict.message if one.verdict.outcome == Outcome.VALUE else "") for one in found}
