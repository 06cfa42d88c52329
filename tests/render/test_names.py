"""No two combs of a namespace have an object of the same kind and name, their candidates included."""

from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings, strategies as st
from pydantic import TypeAdapter, ValidationError

from comb_compiler.plan import LONGEST, object_name
from comb_compiler.render.track import as_candidate, render_candidate
from comb_compiler.spec.names import CombName
from tests.render.rendering import CPUS, rendered_cluster

NAMES: TypeAdapter[str] = TypeAdapter(CombName)
T4S: dict[str, Any] = {**CPUS, "device": "router", "devices": 4, "sharing": {"backEnd": "dra"}}
PLATFORM: dict[str, Any] = {"devices": {"router": {"memory": "15Gi"}}}
CLUSTER: dict[str, Any] = {
    "nodePools": {"cpus": CPUS, "t4s": T4S},
    "zones": {"candidate": {"storageClass": "nas"}},
    "prometheus": {"url": "http://prometheus.monitoring.svc:9090", "serviceMonitors": True},
}
WORDS = st.sampled_from(["a", "b", "calls", "candidate", "cpu", "plan", "router", "weights", "workspace"])


def is_name(text: str) -> bool:
    try:
        return NAMES.validate_python(text) == text
    except ValidationError:
        return False


def written(combs: Mapping[str, list[str]]) -> list[Counter[tuple[str, str]]]:
    """For each comb so many objects of each kind and name, those of its candidate among them."""
    with TemporaryDirectory() as directory:
        return [objects(Path(directory), comb, operators) for comb, operators in combs.items()]


def objects(directory: Path, comb: str, operators: list[str]) -> Counter[tuple[str, str]]:
    asked = [{"devices": ["router"], "resources": {"gpu": {"count": 1}}}, {"devices": ["cpu"], "scale": {"max": 2}}]
    made = rendered_cluster(
        directory,
        {name: {"out": "ocr.v1.Text", "scale": {"max": 2}, **asked[index % 2]} for index, name in enumerate(operators)},
        PLATFORM,
        CLUSTER,
        graph={**{f"s{index}": f"{name}(frame=$request)" for index, name in enumerate(operators)}, "return": "s0"},
        metadata={"name": comb},
        sla={"p99": "2s", "errorRate": "1%"},
        rollout={"steps": ["50%"]},
    )
    every = (*made.manifests, *render_candidate(as_candidate(made.rendering), {}))
    return Counter((one.object["kind"], one.object["metadata"]["name"]) for one in every if "metadata" in one.object)


@given(st.lists(WORDS, min_size=2, max_size=5), st.data())
@settings(max_examples=20)
def test_two_combs_and_their_operators_are_told_apart(words: list[str], data: st.DataObject) -> None:
    """The same words, divided into a comb's name and an operator's at different places."""
    cuts = data.draw(st.lists(st.integers(1, len(words)), min_size=2, max_size=2, unique=True))
    combs = {}
    for cut in cuts:
        comb, rest = "-".join(words[:cut]), "-".join(words[cut:])
        assume(is_name(comb) and len(comb) <= 40)
        combs[comb] = list(dict.fromkeys([rest or "other", data.draw(WORDS)]))
        assume("candidate" not in combs[comb])  # which is refused beside a rollout
    for one, other in combinations(written(combs), 2):
        assert one.keys().isdisjoint(other)


def test_a_name_that_is_cut_still_says_whose_it_is() -> None:
    longest = ["a" * 40, "a" * 39]
    operators = ["b" * 63, "candidates", "b" * 62 + "c"]
    for one, other in combinations(written(dict.fromkeys(longest, operators)), 2):
        assert one.keys().isdisjoint(other)
        assert max(one.values()) == 1


@given(
    st.from_regex(r"[a-z](-?[a-z0-9]){0,39}", fullmatch=True),
    st.lists(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,62}[a-z0-9])?", fullmatch=True), max_size=4),
)
def test_what_is_before_the_hyphens_is_the_comb(comb: str, parts: list[str]) -> None:
    assume(is_name(comb))
    name = object_name(comb, *parts)
    assert name.partition("--")[0] == comb
    assert len(name) <= LONGEST
    assert parts or name == comb


@pytest.mark.parametrize("name", ["a", "ocr", "a-b", "a1b", "frame-moderation", "a" * 40])
def test_names_of_combs(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["ab", "a1", "a--b", "ocr--read", "-a", "ocr-", "A", "1a", "xn--a", "a" * 41, ""])
def test_no_names_of_combs(name: str) -> None:
    assert not is_name(name)
