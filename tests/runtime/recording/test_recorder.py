"""What is recorded of requests, and which: by share, for a reason, never those that nobody made."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import Arm, ExecutionPlan, Experiment, Model, Recording
from comb_compiler.release.subject import subjects_of
from comb_compiler.runtime.engine import Engine, Probe
from comb_compiler.runtime.recording.recorder import Bounds, Recorder
from comb_compiler.runtime.recording.records import About
from comb_compiler.samples.record_pb2 import ARM, ERROR, SAMPLED, SLOW, TIMEOUT, Record
from comb_compiler.samples.users import user_digest
from tests.runtime.plans import chain, fan, plan, when
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.recording.stores import MemoryStore

HELLO = Request(letter=Letter(text="hello"), flag=True)


async def recorded(
    a_plan: ExecutionPlan, calls: Iterable[dict[str, Any]], directory: Path | None = None, **more: Any
) -> tuple[Recorder, MemoryStore]:
    """Run requests, one after the other, and give what was recorded of them."""
    store = more.pop("store", None) or MemoryStore()
    more.setdefault("bounds", Bounds(grace=30))
    recorder = Recorder(a_plan, store, directory, about=more.pop("about", About(host="here")), **more)
    async with Engine(a_plan, observers=[recorder], release="r1", locate=lambda model: Path(model.artifact)) as engine:
        recorder.start(engine.messages)
        for call in calls:
            await engine.run(call.pop("request", HELLO), **call)
    await asyncio.to_thread(recorder.close)
    return recorder, store


def records(
    a_plan: ExecutionPlan, calls: Iterable[dict[str, Any]] = ({"request_id": "a"},), **more: Any
) -> list[Record]:
    _, store = asyncio.run(recorded(a_plan, calls, **more))
    return list(store.records.values())


EVERY = Recording(1.0)


def test_a_record_holds_the_request_the_answer_and_what_every_node_gave(tmp_path: Path) -> None:
    a_plan = chain("shout", 2, recording=EVERY)
    (record,) = records(a_plan, [{"request_id": "a", "key": "ann"}], directory=tmp_path)
    assert (record.schema, record.request_id, record.comb, record.release, record.host) == (
        1,
        "a",
        "post",
        "r1",
        "here",
    )
    assert re.fullmatch("[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", record.id)
    assert 0 <= int(record.id[:12], 16) - record.time // 1_000_000 < 60_000, "it begins with when it was made"
    assert (record.reason, record.share, record.code) == (SAMPLED, 1.0, 0)
    assert record.method == "post.v1.Post/Send"
    assert record.user == user_digest("ann")
    assert Request.FromString(record.request.message) == HELLO
    assert record.request.type == "post.v1.Request"
    assert Letter.FromString(record.answer.message) == Letter(text="HELLO", number=2)
    first, second = record.operators
    assert (first.node, first.operator, first.code) == ("n0", "shout", 0)
    assert Letter.FromString(first.output.message) == Letter(text="HELLO", number=1)
    assert [(one.port, one.source, one.path) for one in first.inputs] == [("letter", "", "letter")]
    assert [(one.port, one.source, one.path) for one in second.inputs] == [("letter", "n0", "")]
    assert 0 <= first.began <= second.began <= record.duration
    assert record.time > 1_600_000_000 * 10**9
    assert record.resources.rss > 0


def test_a_record_names_the_subject_that_its_arm_is() -> None:
    a_plan = chain("same", 1)
    longer = chain("same", 2)
    arms = (Arm("control", 1, 0), Arm("other", 1, 1))
    a_plan = longer._replace(
        graphs=(*a_plan.graphs, *longer.graphs), experiment=Experiment("header/x", "s", arms), recording=EVERY
    )
    asked = [{"arm": "control"}, {"arm": "other"}]
    found = {one.arm: one.subject for one in records(a_plan, asked, about=About(code="c0de"))}
    assert found == subjects_of(a_plan, "c0de")[1]
    assert len(set(found.values())) == 2


def test_without_the_code_no_subject_is_named() -> None:
    (record,) = records(chain("same", 1, recording=EVERY), about=About())
    assert record.subject == ""


def test_the_interface_comes_before_the_records_that_are_read_with_it() -> None:
    a_plan = chain("same", 1, recording=EVERY)
    _, store = asyncio.run(recorded(a_plan, [{"request_id": "a"}]))
    (record,) = store.records.values()
    assert store.interfaces[record.interface] == a_plan.descriptors


def test_calls_in_threads_and_batches_say_how_long_they_waited_and_what_they_used() -> None:
    model = Model("m", "1.2", "custom", "nowhere", "", {"greeting": "Dear"})
    a_plan = fan("Greet", 10, "all_of_ten", bindings={"Greet": {"model": model}}, recording=EVERY)
    (record,) = records(a_plan)
    greeted = [one for one in record.operators if one.operator == "Greet"]
    assert {one.model for one in greeted} == {"m@1.2"}
    assert all(one.resources.cpu >= 0 and one.resources.HasField("cpu") for one in greeted)
    assert max(one.queued for one in greeted) > 0
    assert all(one.queued <= one.duration for one in greeted)
    assert record.resources.cpu == sum(one.resources.cpu for one in greeted)


def test_requests_that_nobody_made_are_not_recorded() -> None:
    assert records(chain("same", 1, recording=EVERY), [{"request_id": Probe("health")}]) == []


def test_the_share_is_kept_and_the_same_requests_are_in_every_process_and_release() -> None:
    a_plan = chain("same", 1, recording=Recording(0.1))
    calls = [f"request-{number}" for number in range(3000)]
    kept = {one.request_id for one in records(a_plan, [{"request_id": one} for one in calls])}
    again = {one.request_id for one in records(a_plan, [{"request_id": one} for one in reversed(calls)])}
    assert kept == again
    assert 220 < len(kept) < 380
    more = chain("same", 1, recording=Recording(0.3))
    assert kept < {one.request_id for one in records(more, [{"request_id": one} for one in calls])}


def test_a_request_without_an_id_is_drawn() -> None:
    assert 20 < len(records(chain("same", 1, recording=Recording(0.5)), [{} for _ in range(100)])) < 80


@pytest.mark.parametrize(
    ("operator", "always", "reason"),
    [
        ("refuses", ("error",), ERROR),
        ("refuses", ("timeout", "slow", "arm"), None),
        ("hangs", ("timeout",), TIMEOUT),
        ("hangs", ("error", "timeout"), TIMEOUT),
        ("hangs", ("error",), ERROR),
        ("same_later", ("slow",), SLOW),
        ("same_later", ("error", "timeout"), None),
    ],
)
def test_what_is_always_kept_is_kept_whatever_the_share(
    operator: str, always: tuple[str, ...], reason: int | None
) -> None:
    slow = 0.0 if "slow" in always else None
    a_plan = chain(operator, 1, recording=Recording(0.0, always, slow=slow))
    found = records(a_plan, [{"request_id": "a", "within": 0.05}])
    assert [one.reason for one in found] == ([] if reason is None else [reason])


def test_arms_that_change_something_are_kept() -> None:
    a_plan = chain("same", 1)
    two = (*a_plan.graphs, *a_plan.graphs)
    arms = (Arm("control", 1, 0), Arm("other", 1, 1))
    a_plan = a_plan._replace(
        graphs=two, experiment=Experiment("header/x", "s", arms), recording=Recording(0.0, ("arm",))
    )
    found = records(a_plan, [{"request_id": "a", "arm": "control"}, {"request_id": "b", "arm": "other"}])
    assert [(one.request_id, one.arm, one.reason) for one in found] == [("b", "other", ARM)]


def test_how_each_node_ended_is_recorded() -> None:
    nodes = {"a": ("raises", {"letter": "request.letter"}), "b": ("join", {"first": "request.letter", "second": "a"})}
    of_nodes = {"a": {"optional": True}}
    (record,) = records(plan(nodes, "b", of_nodes=of_nodes, recording=EVERY))
    assert [(one.node, one.code, one.HasField("output")) for one in record.operators] == [
        ("a", 13, False),
        ("b", 0, True),
    ]
    assert record.operators[0].error == "`a` failed with ValueError"


def test_a_fallback_and_a_skipped_node_are_told() -> None:
    nodes = {
        "a": ("raises", {"letter": "request.letter"}),
        "s": ("same", {"letter": "request.letter"}),
        "b": ("join", {"first": "a", "second": "s"}),
    }
    a_plan = plan(
        nodes,
        "b",
        bindings={"raises": {"fallback": {"text": "instead"}}},
        of_nodes={"s": {"when": when("!request.flag")}},
        recording=EVERY,
    )
    (record,) = records(a_plan)
    a, s, _ = record.operators
    assert (a.fallback, a.code, Letter.FromString(a.output.message).text) == (True, 13, "instead")
    assert (s.code, s.HasField("output")) == (-2, False)


def test_what_does_not_fit_in_memory_is_counted_and_said(caplog: pytest.LogCaptureFixture) -> None:
    large = Request(letter=Letter(picture=bytes(100_000)))
    a_plan = chain("same", 1, recording=EVERY)
    bounds = Bounds(memory=50_000, grace=30)
    recorder, store = asyncio.run(
        recorded(a_plan, [{"request": large, "request_id": str(one)} for one in range(5)], bounds=bounds)
    )
    assert store.records == {}
    assert recorder.losses.counts == {"memory full": 5}
    assert "could not be recorded: memory full" in caplog.text
