"""Whom a golden sample points at, and what two answers have to differ in."""

from math import nan
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from comb_compiler.release import Graph, Node
from comb_compiler.runtime.health.blame import blame
from comb_compiler.runtime.health.fingerprints import difference, fingerprint, is_finite
from comb_compiler.runtime.health.goldens import FAILED, WRONG, Golden, Outcome, read_goldens, varied
from comb_compiler.runtime.health.subjects import ArmGraph
from comb_compiler.samples import SampleSet
from tests.runtime.health.kinds import kinds
from tests.runtime.health.setting import goldens, sample
from tests.runtime.post.post_pb2 import Letter, Request

KINDS = kinds({"Box": {"score": "float"}, "All": {"text": "string", "image": "bytes", "boxes": "Box*", "box": "Box"}})
All, Box = KINDS["All"], KINDS["Box"]
EDGES: dict[str, tuple[int, ...]] = {"a": (), "b": (0,), "c": (0,), "d": (1, 2), "e": ()}
DIAMOND = Graph(tuple(Node(name, index, (), after) for index, (name, after) in enumerate(EDGES.items())), 3)
ARM = ArmGraph("old", DIAMOND)


def outcome(kind: str = WRONG, **more: Any) -> Outcome:
    return Outcome("old", Golden(sample("x", "x", "x"), Request()), kind, **more)


def answers(**changed: float) -> dict[str, Any]:
    return {name: {"score": changed.get(name, 0.5)} for name in "abcde"}


def test_what_failed_comes_first() -> None:
    found = blame(outcome(FAILED, failures={"b": 4, "c": 14}, answers=answers()), ARM, answers(), [])
    assert found == (("b", "c"), "`b` was late and `c` failed with UNAVAILABLE", True)


def test_the_first_to_differ_is_to_blame_and_not_what_comes_after() -> None:
    found = blame(outcome(answers=answers(b=0.9, d=0.9)), ARM, answers(), [])
    assert found == (("b",), "`b` (in `score`) is the first whose answer differs from what is recorded", True)
    both = blame(outcome(answers=answers(b=0.9, c=0.9, d=0.9)), ARM, answers(), [])
    assert both.nodes == ("b", "c")
    assert "are the first whose answers differ" in both.why


def test_another_arm_that_is_right_leaves_what_it_does_not_have() -> None:
    other = ArmGraph("new", Graph((*DIAMOND.nodes[:2], DIAMOND.nodes[2]._replace(binding=9), *DIAMOND.nodes[3:]), 3))
    found = blame(outcome(answers=answers()), ARM, None, [other])
    assert (found.nodes, found.is_sure) == (("c",), True)


@pytest.mark.parametrize("recorded", [None, answers()])
def test_otherwise_all_on_the_way_to_the_answer_are_suspected(recorded: dict[str, Any] | None) -> None:
    found = blame(outcome(answers=answers()), ARM, recorded, [])
    assert (found.nodes, found.is_sure) == (("a", "b", "c", "d"), False)


def test_a_graph_of_one_has_only_one_to_blame() -> None:
    one = ArmGraph("old", Graph((Node("a", 0, (), ()),), 0))
    assert blame(outcome(answers={"a": {}}), one, None, []) == (("a",), "`a` alone makes the answer", True)


def test_a_golden_that_never_ran_blames_nobody() -> None:
    assert blame(outcome(FAILED), ARM, None, []).nodes == ()


def test_fingerprints_differ_where_more_than_rounding_does() -> None:
    first = fingerprint(All(text="a", image=b"123", boxes=[Box(score=0.5), Box(score=0.7)], box=Box(score=1)))
    assert first["image"] == 3

    def against(**fields: Any) -> str | None:
        whole = {"text": "a", "image": b"123", "boxes": [Box(score=0.5), Box(score=0.7)], "box": Box(score=1), **fields}
        return difference(first, fingerprint(All(**whole)))

    assert against() is None
    assert against(boxes=[Box(score=0.505), Box(score=0.7)]) is None
    assert against(text="b") == "text"
    assert against(image=b"987") is None
    assert against(image=b"9") == "image"
    assert against(boxes=[Box(score=0.5)]) == "boxes"
    assert against(boxes=[Box(score=0.5), Box(score=0.9)]) == "boxes[1].score"
    assert against(box=Box(score=2)) == "box.score"
    assert against(box=None) == "box.score"
    assert against(box=Box(score=nan)) == "box.score"


def test_a_field_that_is_not_there_has_its_default() -> None:
    assert difference(fingerprint(All()), fingerprint(All(boxes=[Box()]))) == "boxes"
    assert difference(fingerprint(All()), fingerprint(All(box=Box()))) is None
    assert difference(fingerprint(All(text="a")), fingerprint(All())) == "text"


def test_whether_all_numbers_of_a_fingerprint_are_finite() -> None:
    assert is_finite(fingerprint(All(text="nan", boxes=[Box(score=1)])))
    assert not is_finite(fingerprint(All(boxes=[Box(), Box(score=nan)])))


def test_of_every_kind_of_answer_one_is_asked_first() -> None:
    read = read_goldens(goldens(sample("same", "y", "ABC 3")), Request)
    assert [one.sample.name for one in varied(read, 3)] == ["abc", "empty", "hello"]
    assert [one.sample.name for one in varied(read, 9)] == ["abc", "empty", "hello", "same"]


def test_a_sample_becomes_a_request_or_says_why_not() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"inner": deep}
    good, bad, endless, wrapped = read_goldens(
        SampleSet(
            "s",
            (
                sample("good", "x", "x"),
                sample("bad", "x", "x")._replace(request={"letter": 5}),
                sample("deep", "x", "x")._replace(request={"letter": deep}),
                sample("list", "x", "x")._replace(request={"letter": {"lines": 5}}),
            ),
            "",
        ),
        Request,
    )
    assert good.request == Request(letter=Letter(text="x", picture=b"x"))
    assert bad.problem.startswith("its request is no post.v1.Request: ")
    assert endless.problem.startswith("its request is no post.v1.Request: ")
    assert wrapped.problem
    (plain,) = read_goldens(SampleSet("s", (sample("x", "x", "x")._replace(request={"value": "a"}),), ""), StringValue)
    assert plain.problem.startswith("its request is no google.protobuf.StringValue")
    half = sample("x", "x", "x")._replace(request={"\ud800": 1})
    (nameless,) = read_goldens(SampleSet("s", (half,), ""), Request)
    assert nameless.problem.startswith("its request is no post.v1.Request: ")
