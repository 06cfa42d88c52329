"""Rules mark what was answered, but wrongly: they keep requests that nothing else keeps, within a bound of CPU time."""

import time
from typing import Any

import pytest

from comb_compiler.release import Arm, Binding, Experiment, Graph, Recording, Rule
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.engine.program import CannotRun
from comb_compiler.runtime.messages import open_messages
from comb_compiler.runtime.recording.marking import Marking
from comb_compiler.runtime.recording.recorder import Bounds
from comb_compiler.samples.record_pb2 import ERROR, RULE, SAMPLED
from tests.runtime.plans import chain, plan
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.recording.test_recorder import records

SHORT = Rule("short", "size(n0.text) < 3", ("n0",), "hardly a letter")
LOW = Rule("low", "n0.weight < 0.5 && request.flag", ("n0",))


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"request": Request(letter=Letter(text=text, **more), flag=True), "request_id": text}


def test_what_a_rule_holds_for_is_kept_and_marked_with_the_reason() -> None:
    a_plan = chain("same", 1, recording=Recording(0.0, marks=(SHORT, LOW)))
    found = records(a_plan, [ask("long enough", weight=0.9), ask("a", weight=0.9), ask("b", weight=0.1)])
    assert [(one.request_id, one.reason) for one in found] == [("a", RULE), ("b", RULE)]
    assert [(mark.mark, mark.by, mark.why) for mark in found[0].marks] == [("error", "rule:short", "hardly a letter")]
    assert [(mark.by, mark.why) for mark in found[1].marks] == [
        ("rule:short", "hardly a letter"),
        ("rule:low", "n0.weight < 0.5 && request.flag"),
    ]


def test_what_is_kept_anyway_is_marked_too_and_keeps_its_reason() -> None:
    a_plan = chain("same", 1, recording=Recording(1.0, marks=(SHORT,)))
    found = records(a_plan, [ask("a"), ask("long")])
    assert [(one.reason, len(one.marks)) for one in found] == [(SAMPLED, 1), (SAMPLED, 0)]


def test_a_rule_says_nothing_of_a_node_that_gave_nothing() -> None:
    a_plan = chain("refuses", 1, recording=Recording(0.0, ("error",), marks=(SHORT,)))
    (record,) = records(a_plan, [ask("a")])
    assert (record.reason, len(record.marks)) == (ERROR, 0)


def test_two_nodes_that_disagree_are_told() -> None:
    nodes = {
        "old": ("same", {"letter": "request.letter"}),
        "new": ("shout", {"letter": "request.letter"}),
        "both": ("join", {"first": "old", "second": "new"}),
    }
    rule = Rule("disagree", "old.text != new.text", ("old", "new"))
    a_plan = plan(nodes, "both", recording=Recording(0.0, marks=(rule,)))
    assert [one.request_id for one in records(a_plan, [ask("LOUD"), ask("low")])] == ["low"]


def test_a_graph_that_lacks_a_node_is_not_judged_by_rules_that_name_it() -> None:
    one, other = chain("same", 1), chain("shout", 1)
    renamed = Graph((other.graphs[0].nodes[0]._replace(name="loud", binding=1),), 0)
    bindings: tuple[Binding, ...] = (*one.bindings, *other.bindings)
    arms = (Arm("control", 1, 0), Arm("loud", 1, 1))
    a_plan = one._replace(
        graphs=(*one.graphs, renamed),
        bindings=bindings,
        experiment=Experiment("header/x", "s", arms),
        recording=Recording(0.0, marks=(SHORT,)),
    )
    found = records(a_plan, [{**ask("a"), "arm": "control"}, {**ask("b"), "arm": "loud"}])
    assert [record.arm for record in found] == ["control"]


def test_a_rule_that_cannot_be_compiled_keeps_the_service_from_starting() -> None:
    a_plan = chain("same", 1, recording=Recording(0.0, marks=(Rule("bad", "n0.nothing == 1", ("n0",)),)))
    with pytest.raises(CannotRun, match="the rule `bad`"):
        Marking(a_plan, open_messages(a_plan.descriptors))


def marking(expression: str = "n0.number == 1") -> Marking:
    a_plan = chain("same", 1, recording=Recording(0.0, marks=(Rule("r", expression, ("n0",)),)))
    return Marking(a_plan, open_messages(a_plan.descriptors))


def test_a_rule_that_fails_again_and_again_is_switched_off_and_said(caplog: pytest.LogCaptureFixture) -> None:
    rules = marking("n0.number / n0.number == 1")
    values = [Letter(number=0), Request()]
    for _ in range(30):
        assert rules(0, values) == []
    assert rules.failures == {"r": 10}
    assert "failed 10 times" in rules.off["r"]
    assert "the rule `r` is switched off" in caplog.text


def test_one_failure_now_and_then_switches_nothing_off() -> None:
    rules = marking("n0.number / n0.number == 1")
    for number in [0, 0, 0, 5] * 10:
        rules(0, [Letter(number=number), Request()])
    assert (rules.failures, rules.off) == ({"r": 30}, {})


def test_a_slow_rule_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = marking()

    def slow(values: object) -> bool:
        until = time.thread_time() + 0.06
        while time.thread_time() < until:
            pass
        return True

    (one,) = rules._of_graph[0]
    monkeypatch.setattr(rules, "_of_graph", ((one._replace(holds=slow),),))
    assert len(rules(0, [Letter(), Request()])) == 1
    assert "it took" in rules.off["r"]
    assert rules(0, [Letter(), Request()]) == []


def test_whatever_a_rule_raises_stays_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = marking()

    def raises(values: object) -> bool:
        raise OperatorError(Code.INTERNAL, "no") if rules.failures["r"] else KeyError("no")

    (one,) = rules._of_graph[0]
    monkeypatch.setattr(rules, "_of_graph", ((one._replace(holds=raises),),))
    for _ in range(20):
        assert rules(0, [Letter(), Request()]) == []
    assert rules.failures == {"r": 10}


def test_rules_look_at_no_more_requests_than_are_paid_for() -> None:
    import asyncio

    from tests.runtime.recording.test_recorder import recorded

    a_plan = chain("same", 1, recording=Recording(0.0, marks=(SHORT,)))
    calls = [ask("long enough") for _ in range(500)]
    recorder, store = asyncio.run(recorded(a_plan, calls, bounds=Bounds(seconds=0.0, pending=5, grace=30)))
    assert store.records == {}
    assert recorder.left_out >= 490
    assert recorder.losses.counts == {}
