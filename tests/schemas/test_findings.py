"""What an editor underlines, and where: against the real language server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.source import SourceFile
from comb_compiler.spec import bind_comb, read
from comb_compiler.spec.jsonschema import SCHEMAS
from comb_compiler.spec.places import place_of
from tests.schemas.editor import MODELINE, ROOT, Editor, Finding
from tests.schemas.instances import Path as Place, at, changed, full_instance, places

DESIGN = Path(__file__).parent / "data" / "design.yaml"
GOOD = [("comb", DESIGN), *(("comb", path) for path in sorted(ROOT.glob("examples/*/comb.yaml")))]
GOOD += [("platform", path) for path in sorted(ROOT.glob("examples/**/platform.yaml"))]
FREE = {"params", "value", "merge"}
every_schema = pytest.mark.parametrize("name", SCHEMAS)


@pytest.mark.parametrize(("name", "path"), GOOD, ids=lambda value: str(value).removeprefix(f"{ROOT}/"))
def test_nothing_in_a_good_file(editor: Editor, name: str, path: Path) -> None:
    assert editor.findings(path.read_text(encoding="utf-8"), name) == []


def test_the_design_s_example_is_a_good_file() -> None:
    text = DESIGN.read_text(encoding="utf-8")
    assert bind_comb(read(SourceFile("comb.yaml", text))).diagnostics == ()


@every_schema
def test_nothing_in_a_file_that_uses_every_key(editor: Editor, name: str) -> None:
    assert editor.findings(block_style(full_instance(SCHEMAS[name]())), name) == []


WRONG = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: Frames}
interface: {proto: a.proto, method: a.v1.A/B}
models:
  m: {versions: {1.10: {artifact: m.onnx}}}
operators:
  detect:
    run: operators:Detect
    out: a.v1.Boxes
    timeout: 80
    timeuot: 80ms
    resources: {memory: 4GB}
    scale: {min: -1, pace: quick}
  recognise:
    run: operators:Recognise
graph:
  boxes: detect(frame=$request.frame)
  lines: {cal: recognise(boxes=boxes)}
  more: [recognise]
  return: lines
experiment:
  key: user
  arms: {a: {weight: 1, set: {sla: {qps: 1}}}}
environments:
  staging: {operators: {detect: {run: "operators:Other"}}}
"""
SAID = """\
3 Use lower-case letters, digits and single inner hyphens, beginning with a letter, and not exactly two characters.
6 Write text here; put what YAML reads as something else into quotes.
11 Write a number and a unit: `80ms`, `1.5s`, `10m`, `2h`, `30d`.
12 Property timeuot is not allowed.
13 Write a number and a unit: `512Mi`, `4Gi`, `1.5G`.
14 Value is below the minimum of 0.
14 Value is not accepted. Valid values: "cautious", "steady", "fast".
15 Missing property "out".
19 Property cal is not allowed.
20 Write `decide(lines=lines, unsafe=unsafe)`, for example, or a mapping.
23 Write `header/x-user-id`, or a field such as `request.user_id`.
24 An arm may change models, operators and graph here; the rest is the whole comb's.
26 An environment may change resources, devices, affinity, priority, timeout, batch, workers and scale here; \
the rest is proven for all at once.
"""


def test_each_offence_at_its_line_and_in_the_words_of_comb_check(editor: Editor) -> None:
    assert [f"{line} {message}" for line, message in editor.findings(WRONG)] == SAID.strip().split("\n")


@pytest.mark.parametrize("modeline", [MODELINE, "# $schema: {}"])
def test_a_file_names_its_schema_in_its_first_line(editor: Editor, modeline: str) -> None:
    """In the words of either: those of the language server, or those of JetBrains."""
    wrong = Finding(1, 'Value must be "Comb".')
    assert wrong in editor.findings("kind: Platform\n", "comb", modeline)
    assert wrong not in editor.findings("kind: Platform\n", "platform", modeline)


def test_a_file_that_names_no_schema_is_left_alone(editor: Editor) -> None:
    assert editor.findings("kind: Platform\n", modeline="# nothing") == []


def block_style(value: Any) -> str:
    """YAML with every key and every item on a line of its own."""
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=10_000)


def lines(text: str, paths: list[Place]) -> set[int]:
    root = read(SourceFile("any.yaml", text)).root
    assert root is not None
    return {place_of(root, path).key_span.start.line for path in paths}


def found_lines(editor: Editor, text: str, name: str) -> set[int]:
    return {finding.line for finding in editor.findings(text, name)}


def inner(value: Any, path: Place = ()) -> Iterator[Place]:
    """The mappings of a file that a model describes."""
    if isinstance(value, dict) and not (path and path[-1] in FREE):
        yield path
        for key, below in value.items():
            yield from inner(below, (*path, key))


@every_schema
def test_every_wrong_value_at_its_line(editor: Editor, name: str) -> None:
    value = full_instance(SCHEMAS[name]())
    leaves = [
        path
        for path in places(value)
        if not isinstance(at(value, path), dict | list) and not FREE & set(path) and isinstance(path[-1], str)
    ]
    assert len(leaves) > 80
    for path in leaves:
        value = changed(value, path, [[]])
    text = block_style(value)
    assert found_lines(editor, text, name) == {line + 1 for line in lines(text, leaves)}


@every_schema
def test_every_unknown_key_at_its_line(editor: Editor, name: str) -> None:
    value = full_instance(SCHEMAS[name]())
    unknown = [(*path, "Unknown Key") for path in inner(value)]
    assert len(unknown) > 25
    for path in unknown:
        value = changed(value, path, "?")
    text = block_style(value)
    assert found_lines(editor, text, name) == lines(text, unknown)
