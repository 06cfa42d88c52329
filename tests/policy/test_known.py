"""Expressions whose types are known from an earlier run: they are compiled when they are asked, and say the same."""

from typing import Any

import pytest

from comb_compiler.compiler import check, policies as compiled
from comb_compiler.policy.admission import decide
from comb_compiler.policy.library import CelLibrary
from comb_compiler.policy.matching import Asked
from comb_compiler.policy.reading import read_policies
from comb_compiler.source import SourceSet
from tests.policy.own import NAMESPACE, own_files, own_fixtures, own_set

PLATFORM = """\
apiVersion: comb.dev/v1
kind: Platform
metadata: {name: acme}
clusters: {east: {nodePools: {cpus: {nodes: 2, cpu: 4, memory: 16Gi}}}}
namespaces: {vision: {}}
environments: {production: {clusters: [east], namespace: vision}}
environmentRepository: {url: "https://git.acme.example/environments.git"}
registry: {push: registry.acme.example/combs}
policies: [policies]
"""
POLICY = """\
apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: gates}
spec:
  variables: [{name: gates, expression: "has(comb.gates) && has(comb.gates.replay)"}]
  validations: [{expression: "HOLDS"}]
"""


class Kept(dict[str, bytes]):
    """A memo in memory."""

    def find(self, key: str) -> bytes | None:
        return self.get(key)

    def keep(self, key: str, content: bytes) -> None:
        self[key] = content


def checked(holds: str, memo: Kept) -> list[tuple[str, str]]:
    """What is said of a platform with a policy, by a process that has read none before."""
    compiled._read.cache_clear()
    files = {"platform.yaml": PLATFORM.encode(), "policies/gates.yaml": POLICY.replace("HOLDS", holds).encode()}
    return [(one.code.id, one.message) for one in check(SourceSet("platform.yaml", files), memo=memo).diagnostics]


def test_fixtures_are_judged_alike() -> None:
    first = CelLibrary()
    read_policies(own_files(), first)
    policies, found = read_policies(own_files(), CelLibrary(first.known))
    assert not found
    known = policies._replace(params=own_set().params)
    for one in own_fixtures():
        if one.root.data["kind"] not in ("Comb", "AdmissionReview"):
            asked = Asked(one.root.data, namespace=NAMESPACE)
            said, again = (decide(each, asked, first) for each in (own_set(), known))
            assert [(each.policy.name, each.verdict[:2]) for each in said] == [
                (each.policy.name, each.verdict[:2]) for each in again
            ]


def test_nothing_is_compiled_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    memo = Kept()
    assert checked("variables.gates", memo) == []
    assert len(memo) == 1

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was compiled")

    monkeypatch.setattr("comb_compiler.policy.library._made", refused)
    assert checked("variables.gates", memo) == []
    with pytest.raises(AssertionError, match="compiled"):
        checked("!variables.gates", memo)


@pytest.mark.parametrize("holds", ["variables.gate", "size(comb)", "comb.gates.replay.error ==", "1 + 1 == 2.0"])
def test_what_is_wrong_is_told_of_again(holds: str) -> None:
    memo = Kept()
    told = checked(holds, memo)
    assert told
    assert checked(holds, memo) == told
    assert checked("variables.gates", memo) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"3", b"[" * 100_000])
def test_what_was_damaged_is_worked_out_again(content: bytes) -> None:
    memo = Kept()
    assert checked("variables.gates", memo) == []
    (key,) = memo
    right = memo[key]
    memo[key] = content
    assert checked("variables.gates", memo) == []
    assert memo[key] == right
