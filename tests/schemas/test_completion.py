"""What an editor offers while one writes."""

from typing import Any

import pytest

from comb_compiler.source import SourceFile
from comb_compiler.spec import Comb, bind_comb, read
from comb_compiler.spec.comb.models import ModelFormat
from comb_compiler.spec.comb.operators import Operator, Resources
from comb_compiler.spec.overlay_scope import ARM_SCOPE, ENVIRONMENT_SCOPE
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.devices import SharingBackEnd
from comb_compiler.spec.platformfile import bind_platform
from comb_compiler.spec.shape import field_names
from tests.schemas.editor import Editor, inserted
from tests.schemas.language_server import CURSOR, Message

FIELD = 10
"""`CompletionItemKind.Property` of the protocol."""


def fields(items: dict[str, Message]) -> set[str]:
    return {label for label, item in items.items() if item.get("kind") == FIELD}


def documentation(item: Message) -> str:
    text: Any = item.get("documentation", "")
    return str(text["value"] if isinstance(text, dict) else text)


OPERATOR = """\
operators:
  straighten:
    run: operators.text:Straighten
    ‸
"""
ARM = """\
experiment:
  key: header/x-user-id
  arms:
    rotate:
      weight: 10
      set:
        ‸
"""
ENVIRONMENT = """\
environments:
  production:
    ‸
"""


@pytest.mark.parametrize(("schema", "model"), [("comb", Comb), ("platform", Platform)])
def test_every_field_at_the_top(editor: Editor, schema: str, model: type) -> None:
    assert fields(editor.complete("‸", schema)) == set(field_names(model))


def test_fields_that_are_there_are_not_offered_again(editor: Editor) -> None:
    assert fields(editor.complete("kind: Comb\n‸")) == set(field_names(Comb)) - {"kind"}


def test_every_other_field_of_an_operator(editor: Editor) -> None:
    assert fields(editor.complete(OPERATOR)) == set(field_names(Operator)) - {"run"}


def test_fields_are_explained(editor: Editor) -> None:
    offered = editor.complete(OPERATOR)
    assert documentation(offered["timeout"]) == "How long one call may take."
    assert "`cpu` is one" in documentation(offered["devices"])


def test_fields_in_flow_style(editor: Editor) -> None:
    assert fields(editor.complete("operators: {a: {resources: {cpu: 1, me‸}}}")) == set(field_names(Resources)) - {
        "cpu"
    }


def test_an_arm_is_offered_what_it_may_change(editor: Editor) -> None:
    assert fields(editor.complete(ARM)) == set(ARM_SCOPE)


def test_operators_of_an_arm_may_change_altogether(editor: Editor) -> None:
    marked = ARM.replace("‸", "operators:\n          straighten:\n            ‸")
    assert fields(editor.complete(marked)) == set(field_names(Operator))


def test_an_environment_is_offered_what_it_may_change(editor: Editor) -> None:
    assert fields(editor.complete(ENVIRONMENT)) == set(ENVIRONMENT_SCOPE)


def test_operators_of_an_environment_may_change_in_part(editor: Editor) -> None:
    scope = ENVIRONMENT_SCOPE["operators"]
    assert scope is not None
    assert scope["*"] is not None
    marked = ENVIRONMENT.replace("‸", "operators:\n      straighten:\n        ‸")
    assert fields(editor.complete(marked)) == set(scope["*"])


def test_the_words_of_a_choice_with_their_meaning(editor: Editor) -> None:
    offered = editor.complete("models:\n  text-angle:\n    format: ‸\n")
    assert offered.keys() == set(ModelFormat)
    assert documentation(offered["saved-model"]) == "A SavedModel of TensorFlow."


def test_an_overlay_may_also_take_a_choice_away(editor: Editor) -> None:
    marked = ENVIRONMENT.replace("‸", "operators:\n      straighten:\n        scale:\n          pace: ‸")
    offered = editor.complete(marked)
    assert offered.keys() == {"cautious", "steady", "fast", "null"}
    assert documentation(offered["null"]) == "Take this away, so that the default holds."


POOL = "clusters:\n  main:\n    nodePools:\n      gpu:\n        sharing: ‸\n"


def test_the_short_form_of_a_choice(editor: Editor) -> None:
    offered = editor.complete(POOL, "platform")
    assert offered.keys() == set(SharingBackEnd)
    assert documentation(offered["mig"]) == "NVIDIA MIG: fixed slices that the hardware keeps apart."


def test_the_long_form_beside_a_short_one(editor: Editor) -> None:
    graph = "graph:\n  lines:\n    ‸\n"
    assert {"call", "when", "optional", "timeout"} <= fields(editor.complete(graph))


def test_the_steps_of_the_graph(editor: Editor) -> None:
    offered = editor.complete("graph:\n  ‸\n")
    assert "a step" in offered
    assert documentation(offered["return"]) == "The step whose answer is the comb's."


def test_a_key_brings_what_it_needs(editor: Editor) -> None:
    offered = editor.complete("‸")
    assert inserted(offered["interface"]) == "interface:\n  proto: \n  method: "
    assert inserted(offered["recording"]) == "recording:\n  sample: 1%\n  keep: 30d"
    assert inserted(offered["operators"]).startswith("operators:\n  operator:\n    run: ")


def test_a_choice_of_one_is_written_at_once(editor: Editor) -> None:
    assert inserted(editor.complete("‸")["apiVersion"]) == "apiVersion: comb.dev/v1"


def test_the_smallest_comb_is_right(editor: Editor) -> None:
    text = inserted(editor.complete("‸")["the smallest comb"])
    assert len(text.split("\n")) < 18
    assert bind_comb(read(SourceFile("comb.yaml", text))).diagnostics == ()


def test_the_smallest_platform_is_right(editor: Editor) -> None:
    text = inserted(editor.complete("‸", "platform")["the smallest platform"])
    assert bind_platform(read(SourceFile("platform.yaml", text))).diagnostics == ()


AROUND = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: frame-moderation}
interface: {proto: protos/moderation.proto, method: moderation.v1.Moderation/Check}
"""
OPERATORS = "operators: {detect: {run: 'operators:Detect', out: moderation.v1.Boxes}}\n"
GRAPH = "graph: {boxes: detect(), return: boxes}\n"
PIECES = {
    "a model": (AROUND + OPERATORS + GRAPH, "models:\n  ‸"),
    "a version": (AROUND + OPERATORS + GRAPH, "models:\n  angle:\n    versions:\n      ‸"),
    "an operator": (AROUND + GRAPH, "operators:\n  ‸"),
    "a step": (AROUND + OPERATORS, "graph:\n  return: step\n  ‸"),
    "an arm": (AROUND + OPERATORS + GRAPH, "experiment:\n  key: header/user\n  arms:\n    ‸"),
    "another model version": (AROUND + OPERATORS + GRAPH, ARM),
    "an environment": (AROUND + OPERATORS + GRAPH, "environments:\n  ‸"),
    "more instances": (AROUND + OPERATORS + GRAPH, ENVIRONMENT),
}


@pytest.mark.parametrize("label", PIECES)
def test_a_piece_is_right_where_it_is_offered(editor: Editor, label: str) -> None:
    around, marked = PIECES[label]
    before = (around + marked).rpartition(CURSOR)[0]
    offered = editor.complete(before + CURSOR + "\n")
    text = before + inserted(offered[label], indent=" " * len(before.rpartition("\n")[2])) + "\n"
    assert editor.findings(text) == []
