"""`comb graph` as a user runs it."""

import json
import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from jsonschema import Draft7Validator

from comb_compiler.release import parse_plan, plan_bytes
from tests.architecture.imports import ROOT
from tests.cli.conftest import COMB, Comb, Ran
from tests.support.terminal import on_terminal

EXAMPLE = ROOT / "examples" / "frame-moderation"
SCHEMA = json.loads((ROOT / "schemas" / "graph.v1.schema.json").read_text(encoding="utf-8"))

PROTO = """\
syntax = "proto3";
package g.v1;
message Name { string text = 1; }
message Request { Name name = 1; bool deep = 2; }
service S { rpc Call(Request) returns (Name); }
"""
HEAD = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: names}
interface: {proto: g.proto, method: g.v1.S/Call}
operators:
  one: {run: "o:One", in: {name: g.v1.Name}, out: g.v1.Name, timeout: 80ms}
  two: {run: "o:Two", in: {a: g.v1.Name, b: g.v1.Name}, out: g.v1.Name, timeout: 20ms}
sla: {deadline: 300ms}
"""
CYCLE = """\
graph:
  first: two(a=$request.name, b=third)
  second: one(name=first)
  third: one(name=second)
  return: third
"""
GOOD = """\
graph:
  first: one(name=$request.name)
  second: {call: one(name=first), when: request.deep, optional: true}
  third: one(name=first)
  return: third
experiment:
  key: header/x-user
  arms: {control: {weight: 90}, slow: {weight: 10, set: {operators: {one: {timeout: 90ms}}}}}
environments: {staging: {operators: {one: {timeout: 70ms}}}, production: {}}
"""


@pytest.fixture
def names(checkout: Path) -> Path:
    """A checkout whose comb has two arms and two environments."""
    (checkout / "g.proto").write_text(PROTO, encoding="utf-8")
    (checkout / "comb.yaml").write_text(HEAD + GOOD, encoding="utf-8")
    return checkout


def test_the_example_is_drawn_with_its_critical_path(comb: Comb) -> None:
    ran = comb("graph", str(EXAMPLE), cwd=ROOT, env={"PYTHONUTF8": "1"})
    assert (ran.code, ran.err) == (0, "")
    assert "┃ ● straight  200ms ┃" in ran.out
    assert "┆ when request.check_nudity ┆" in ran.out
    assert "boxes 1s → straight 200ms → lines 1.5s → verdict 100ms = 2.8s" in ran.out
    assert max(map(len, ran.out.split("\n"))) <= 80


def test_the_width_is_the_terminals(comb: Comb) -> None:
    ran = comb("graph", str(EXAMPLE), cwd=ROOT, env={"PYTHONUTF8": "1", "COLUMNS": "40"})
    assert "does not fit 40 columns" in " ".join(ran.out.split("\n")[:3])
    assert max(map(len, ran.out.split("\n"))) <= 40


def test_what_is_not_utf8_is_given_ascii(comb: Comb) -> None:
    ran = comb("graph", str(EXAMPLE), cwd=ROOT, env={"PYTHONIOENCODING": "ascii"})
    assert ran.out.isascii()
    assert "?" not in ran.out
    assert "# * straight  200ms #" in ran.out


def test_colour_comes_where_it_is_shown(comb: Comb) -> None:
    ran = comb("graph", str(EXAMPLE), cwd=ROOT, env={"PYTHONUTF8": "1", "NO_COLOR": "", "FORCE_COLOR": "1"})
    assert "\x1b[1;33m" in ran.out
    assert "\x1b" not in comb("graph", str(EXAMPLE), cwd=ROOT, env={"PYTHONUTF8": "1"}).out


def test_a_terminal_gets_colour_and_its_own_width(tmp_path: Path) -> None:
    text = on_terminal(38, "graph", str(EXAMPLE), cwd=ROOT, cache=tmp_path)
    assert "\x1b[1;33m" in text
    assert "does not fit 38 columns" in " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json", "svg", "plan"])
def test_every_form_goes_to_a_file_as_to_the_terminal(comb: Comb, names: Path, form: str) -> None:
    shown = comb("graph", ".", "--format", form, env={"PYTHONUTF8": "1"})
    kept = comb("graph", ".", "--format", form, "-o", "graph.out")
    assert (shown.code, kept) == (0, Ran(0, "", ""))
    assert (names / "graph.out").read_text(encoding="utf-8") == shown.out


def test_the_forms_are_what_they_say(comb: Comb, names: Path) -> None:
    assert comb("graph", ".", "--format", "mermaid").out.split("\n")[3] == "flowchart TB"
    assert comb("graph", ".", "--format", "dot").out.startswith('digraph "names" {')
    assert fromstring(comb("graph", ".", "--format", "svg").out).tag == "{http://www.w3.org/2000/svg}svg"
    Draft7Validator(SCHEMA).validate(json.loads(comb("graph", ".", "--format", "json").out))
    plan = comb("graph", ".", "--format", "plan").out.encode()
    assert plan_bytes(parse_plan(plan)) == plan


def test_types_are_shown_when_they_are_asked_for(comb: Comb, names: Path) -> None:
    assert "▼ Name" not in comb("graph", ".", env={"PYTHONUTF8": "1"}).out
    assert "▼ Name" in comb("graph", ".", "--types", env={"PYTHONUTF8": "1"}).out
    shown = json.loads(comb("graph", ".", "--format", "json").out)
    assert [edge["type"] for edge in shown["edges"]] == ["g.v1.Name"] * 4
    assert shown["nodes"][0]["type"] == "g.v1.Request"


def test_what_a_condition_asks_for_is_an_arrow_of_its_own(comb: Comb, names: Path) -> None:
    asking = GOOD.replace("name=first), when: request.deep", "name=$request.name), when: first.text != ''")
    (names / "comb.yaml").write_text(HEAD + asking, encoding="utf-8")
    ran = comb("graph", ".", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    found = [edge for edge in json.loads(ran.out)["edges"] if edge["kind"] == "condition"]
    assert [(edge["from"], edge["to"], edge["port"]) for edge in found] == [("first", "second", None)]
    assert "▼ when" in comb("graph", ".", env={"PYTHONUTF8": "1"}).out


def test_what_the_answer_does_not_rest_on_is_marked(comb: Comb, names: Path) -> None:
    shown = json.loads(comb("graph", ".", "--format", "json").out)
    assert [node["name"] for node in shown["nodes"] if node["unused"]] == ["second"]
    assert "unused: the answer does not rest on it" in " ".join(comb("graph", ".").out.split())


def test_arms_and_environments_have_graphs_of_their_own(comb: Comb, names: Path) -> None:
    def bound(*arguments: str) -> float:
        return float(json.loads(comb("graph", ".", "--format", "json", *arguments).out)["criticalPath"]["bound"])

    assert [bound(), bound("--arm", "slow"), bound("--arm", "control")] == [0.16, 0.18, 0.16]
    assert [bound("--environment", "staging"), bound("--environment", "production")] == [0.14, 0.16]
    assert comb("graph", ".", "--arm", "slow").out.startswith("names, arm slow\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--arm", "slwo"], "there is no arm `slwo`; did you mean `slow`?"),
        (["--environment", "prod"], "there is no environment `prod`; did you mean `production`?"),
        (["--arm", "slow", "--environment", "staging"], "not allowed with argument"),
        (["--arm", "slow", "--format", "plan"], "a plan holds the comb as written and all its arms"),
        (["--format", "png"], "invalid choice"),
        (["--root", "nowhere"], "there is no such directory"),
    ],
)
def test_a_wrong_command_line_is_told(comb: Comb, names: Path, arguments: list[str], said: str) -> None:
    ran = comb("graph", ".", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_one_comb_is_drawn_at_a_time(comb: Comb, names: Path) -> None:
    (names / "other").mkdir()
    (names / "other" / "comb.yaml").write_text(COMB, encoding="utf-8")
    ran = comb("graph", ".")
    assert (ran.code, "holds 2 combs: name one, such as comb.yaml" in ran.err) == (2, True)
    assert comb("graph", "comb.yaml").code == 0


def test_a_platform_has_no_graph(comb: Comb) -> None:
    ran = comb("graph", str(EXAMPLE / "platform.yaml"), cwd=ROOT)
    assert (ran.code, "declares a platform, which has no graph" in ran.err) == (2, True)


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json", "svg"])
def test_a_cycle_is_drawn_and_told(comb: Comb, names: Path, form: str) -> None:
    (names / "comb.yaml").write_text(HEAD + CYCLE, encoding="utf-8")
    ran = comb("graph", ".", "--format", form, env={"PYTHONUTF8": "1"})
    assert ran.code == 1
    assert "cyclic-graph" in ran.err
    assert all(name in ran.out for name in ("first", "second", "third"))
    marks = {
        "text": "↻ first",
        "mermaid": "linkStyle 1,2,3 stroke:#dc2626",
        "dot": '"third" -> "first" [label="b", color="#b91c1c"',
        "json": '"cyclic": true',
        "svg": 'class="wire wrong"',
    }
    assert marks[form] in ran.out


def test_there_is_no_plan_of_a_comb_with_errors(comb: Comb, names: Path) -> None:
    (names / "comb.yaml").write_text(HEAD + CYCLE, encoding="utf-8")
    ran = comb("graph", ".", "--format", "plan", "-o", "plan.json")
    assert (ran.code, ran.out, "cyclic-graph" in ran.err) == (1, "", True)
    assert not (names / "plan.json").exists()


def test_a_step_that_is_not_there_is_drawn_as_missing(comb: Comb, names: Path) -> None:
    (names / "comb.yaml").write_text(HEAD + GOOD.replace("name=first), when", "name=frist), when"), encoding="utf-8")
    ran = comb("graph", ".", env={"PYTHONUTF8": "1"})
    assert (ran.code, "did you mean `first`?" in ran.err) == (1, True)
    assert re.search("┆ frist +┆", ran.out)
    assert "no step that can be read" in ran.out


@pytest.mark.parametrize("text", ["a: [", "", "apiVersion: comb.dev/v1\nkind: Comb\n", HEAD + "graph: 7\n"])
def test_what_cannot_be_read_is_told(comb: Comb, names: Path, text: str) -> None:
    (names / "comb.yaml").write_text(text, encoding="utf-8")
    ran = comb("graph", ".")
    assert ran.code == 1
    assert "COMB" in ran.err


def test_a_path_that_is_not_there_is_told(comb: Comb) -> None:
    ran = comb("graph", "nowhere/comb.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert "nowhere/comb.yaml" in ran.err


def test_a_file_that_cannot_be_written_is_outside(comb: Comb) -> None:
    ran = comb("graph", ".", "-o", "nowhere/graph.txt")
    assert (ran.code, "cannot be written" in ran.err) == (4, True)
