"""Every line of a rendered file has what caused it."""

import pytest

from comb_compiler.render import emit
from comb_compiler.render.explain import explain
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from tests.compiler.test_release import BASE

COMB, SCALE, GRAPH = Cause.comb("operators", "read"), Cause.comb("operators", "read", "scale"), Cause.comb("graph")


def test_a_line_belongs_to_the_innermost_part_that_begins_on_it() -> None:
    made = manifest(
        {
            "kind": "Thing",
            "metadata": {"name": "one"},
            "spec": {
                "replicas": caused(3, SCALE),
                "items": [{"name": caused("a", SCALE), "value": 1}, caused({"name": "b"}, GRAPH)],
                "empty": caused({}, GRAPH),
                "last": 1,
            },
        },
        COMB,
    )
    assert [(line.text.strip(), line.cause) for line in explain(made)] == [
        ("kind: Thing", COMB),
        ("metadata:", COMB),
        ("name: one", COMB),
        ("spec:", COMB),
        ("replicas: 3", SCALE),
        ("items:", COMB),
        ("- name: a", SCALE),
        ("value: 1", COMB),
        ("- name: b", GRAPH),
        ("empty: {}", GRAPH),
        ("last: 1", COMB),
    ]


def test_all_lines_of_a_text_belong_to_it() -> None:
    text = "first: 1\n\n- second\nthird"
    made = manifest(
        {"kind": "Thing", "metadata": {"name": "one"}, "data": {"file": caused(text, GRAPH), "z": "1"}}, COMB
    )
    causes = [line.cause for line in explain(made)]
    assert causes == [COMB] * 4 + [GRAPH] * 5 + [COMB]


@pytest.mark.parametrize("made", [*BASE.manifests, BASE.flux], ids=lambda made: made.file)
def test_every_line_of_a_rendered_comb_is_there_with_its_cause(made: Manifest) -> None:
    lines = explain(made)
    assert "\n".join(line.text for line in lines) + "\n" == emit(made.object)
    assert {line.cause for line in lines} <= set(made.causes.values())
