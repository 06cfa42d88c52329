"""Policies that would take time or memory without bound are refused before they do; others are never."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.policy.admission import decide
from comb_compiler.policy.costs import MOST_WORK, measured, rough, work_of
from comb_compiler.policy.evaluator import Outcome
from comb_compiler.policy.expressions import Expression, read_expression
from comb_compiler.policy.matching import Asked
from tests.policy.own import EVALUATOR, NAMESPACE, own_fixtures, own_set
from tests.policy.test_functions import answer

_RULE = """\
apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: NAME}
spec:
  params: {numbers: [NUMBERS], text: "TEXT"}
"""
_COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: ocr}
interface: {proto: ocr.proto, method: ocr.v1.Ocr/Read}
operators:
  read: {run: "operators.text:Read", in: {frame: ocr.v1.Frame}, out: ocr.v1.ReadResponse}
graph: {text: read(frame=$request.frame), return: text}
"""
_LONG = "params.text.replace('x', params.text.replace('x', params.text))"


def _chain(step: str, length: int) -> list[str]:
    """Variables, each made of the one before."""
    return ["params.text", *(step.replace("LAST", f"variables.v{index}") for index in range(length))]


BOMBS: dict[str, tuple[list[str], str]] = {
    "doubled": (_chain("LAST + LAST", 60), "variables.v60 != ''"),
    "doubled-lists": (["params.numbers", *_chain("LAST + LAST", 60)[1:]], "variables.v60.size() > 0"),
    "replaced": (_chain("LAST.replace('x', LAST)", 8), "variables.v8 != ''"),
    "formatted": (_chain("'%s%s%s%s'.format([LAST, LAST, LAST, LAST])", 30), "variables.v30 != ''"),
    "joined": (_chain("[LAST, LAST, LAST].join(LAST)", 20), "variables.v20 != ''"),
    "within-one": ([], f"({_LONG}).replace('x', {_LONG}).replace('x', {_LONG}) != ''"),
    "loops": ([], "params.numbers.all(a, params.numbers.all(b, params.numbers.all(c, a + b + c >= 0)))"),
    "searched": (_chain("LAST + LAST", 15), "params.numbers.all(a, !variables.v15.contains('xxxxxxxxxxxxy'))"),
    "matched": (_chain("LAST + LAST", 15), "params.numbers.all(a, !variables.v15.matches('(x|xx)*(x+x+)+y'))"),
    "split": (_chain("LAST + LAST", 15), "params.numbers.all(a, variables.v15.split('').size() > 0)"),
    "found": (_chain("LAST + LAST", 15), "params.numbers.all(a, variables.v15.findAll('[x-z]').size() > 0)"),
    "precise": ([], "'%.2000000000f'.format([1.0]) != ''"),
}
"""Variables v0, v1, … and what is to hold."""


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (300, 300))


def test_what_grows_without_bound_is_a_finding_within_bounds(tmp_path: Path) -> None:
    head = _RULE.replace("NUMBERS", ", ".join(map(str, range(300)))).replace("TEXT", "x" * 300)
    for name, (variables, holds) in BOMBS.items():
        said = "".join(f'  - {{name: v{index}, expression: "{one}"}}\n' for index, one in enumerate(variables))
        body = (f"  variables:\n{said}" if said else "") + f'  validations:\n  - expression: "{holds}"\n'
        (tmp_path / f"{name}.yaml").write_text(head.replace("NAME", name) + body, encoding="utf-8")
        (tmp_path / "tests" / name).mkdir(parents=True)
        (tmp_path / "tests" / name / "deny-a-comb.yaml").write_text(_COMB, encoding="utf-8")
        (tmp_path / "tests" / name / "allow-a-comb.yaml").write_text(_COMB, encoding="utf-8")
    command = [sys.executable, "-m", "comb_compiler", "policy", "test", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "NO_COLOR": "1", "COLUMNS": "200"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, preexec_fn=_limited, timeout=3600)
    assert ran.returncode == 1, ran.stderr
    said = ran.stdout + ran.stderr
    assert "COMB4507" not in said
    blocks = [block for block in said.split("\n\n") if block.startswith("error")]
    for name in BOMBS:
        (first, *_) = [block for block in blocks if f" the policy `{name}` " in block.replace("\n  ", " ")]
        assert first.startswith(("error[COMB4506] costly-policy", "error[COMB4503] bad-policy")), first
        assert f"--> {name}.yaml:" in first


@pytest.mark.parametrize("name", [name for name in BOMBS if name != "loops"])
def test_no_part_of_it_is_evaluated(name: str) -> None:
    variables, holds = BOMBS[name]
    roots = frozenset(("params", "variables"))
    trees = [read_expression(text, roots) for text in (*variables, holds)]
    read = [one.tree for one in trees if isinstance(one, Expression)]
    assert len(read) == len(trees)
    sizes = measured({"params": {"numbers": list(range(300)), "text": "x" * 300}})
    named = {f"v{index}": tree for index, tree in enumerate(read[:-1])}
    assert work_of(read[-1:], named, lambda one: sizes[one]) > MOST_WORK


def _grown(value: Any) -> Any:
    """A pod with a hundred containers, each of which has a hundred variables; and long texts."""
    if isinstance(value, dict):
        return {key: _grown(one) for key, one in value.items()} | ({"x": "y" * 5000} if "annotations" in value else {})
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_grown(one) for one in value for _ in range(max(1, 30 // len(value)))]
    return value


def test_none_of_combs_policies_is_too_much_for_any_object_that_a_cluster_takes() -> None:
    params = tuple(one for fixture in own_fixtures() for one in fixture.others if one.get("kind") == "ConfigMap")
    policies = own_set()._replace(params=params[:1])
    for one in own_fixtures():
        if one.root.data["kind"] not in ("Comb", "AdmissionReview"):
            grown = _grown(one.root.data)
            decided = decide(policies, Asked(grown, namespace=NAMESPACE), EVALUATOR)
            assert [each.policy.name for each in decided if each.verdict.outcome == Outcome.COSTLY] == []


def test_a_size_is_that_of_the_largest_of_its_name() -> None:
    sizes = measured({"object": {"a": "xx", "b": {"a": "xxxx", "c": [1, {"a": "x"}]}}})
    assert (sizes["a"].text, sizes["c"].items, sizes["object"].items) == (5, 2, 2)
    assert sizes["object"].whole > sizes["b"].whole > sizes["a"].whole
    assert rough({"object": {"a": ["xx", {"long name": 1}], "t": ("xxxxxxxxxxxx",)}})[:2] == (2, 12)


@pytest.mark.parametrize("text", ["'a'.split('').size() == 1", "[1, 2].all(x, [3, 4].all(y, x < y))"])
def test_what_is_little_is_evaluated(text: str) -> None:
    assert answer(text).value is True
