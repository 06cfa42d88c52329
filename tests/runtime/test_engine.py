"""What the engine makes of a plan: order, conditions, absent values, fallbacks, deadlines, arms, counting."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from comb_compiler.release import Arm, Condition, ExecutionPlan, Experiment, Input, Model
from comb_compiler.runtime import BadOperator, Code, OperatorError
from comb_compiler.runtime.engine import Answering, Engine, Finished, Limits, Observer, SampledSpans, Span
from comb_compiler.runtime.engine.observation import NOT_RUN, SKIPPED, Began
from comb_compiler.runtime.engine.program import CannotRun
from tests.runtime.operators import Waits
from tests.runtime.plans import chain, fan, plan, when
from tests.runtime.post.post_pb2 import Letter, Reply, Request
from tests.runtime.waiting import run, until

HELLO = Request(letter=Letter(text="hello"), flag=True)


def answer(a_plan: ExecutionPlan, request: Request = HELLO, **more: Any) -> Any:
    """The answer to one request, from an engine of its own."""

    async def main() -> Any:
        async with Engine(a_plan, locate=lambda model: Path(model.artifact)) as engine:
            return await engine.call(request, **more)

    return asyncio.run(main())


def failure(a_plan: ExecutionPlan, request: Request = HELLO, **more: Any) -> tuple[Code, str]:
    """How one request fails."""
    with pytest.raises(OperatorError) as caught:
        answer(a_plan, request, **more)
    return caught.value.code, caught.value.message


def test_an_answer_comes_from_a_chain() -> None:
    assert answer(chain("shout", 3)) == Letter(text="HELLO", number=3)


def test_a_run_says_what_happened_whether_it_was_answered_or_failed() -> None:
    async def main() -> tuple[Finished, Finished]:
        async with Engine(chain("shout", 3)) as engine:
            answering: Answering = engine
            return await answering.run(HELLO, request_id="a"), await answering.run(HELLO, within=1e-9)

    done, late = asyncio.run(main())
    assert done.answer == Letter(text="HELLO", number=3)
    assert done.error is None
    assert list(done.codes) == [0, 0, 0]
    assert done.request_id == "a"
    assert done.began <= done.begins[0] <= done.ends[2] <= done.ended
    assert late.answer is None
    assert late.error is not None
    assert late.error.code == Code.DEADLINE_EXCEEDED


@pytest.mark.parametrize("operator", ["same", "same_async", "same_later", "only_by_name", "Greet"])
def test_nodes_side_by_side_all_flow_into_one(operator: str) -> None:
    model = Model("m", "1", "custom", "nowhere", "", {"greeting": "Dear"})
    a_plan = fan(operator, 10, "all_of_ten", bindings={"Greet": {"model": model}})
    assert answer(a_plan).text.endswith("hello")


def test_nodes_side_by_side_run_at_the_same_time() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with Engine(fan("Waits", 10, "all_of_ten")) as engine:
            call = asyncio.create_task(engine.call(HELLO))
            await until(lambda: Waits.calls == 10)
            Waits.gate.set()
            assert (await call).text == "hello"

    run(main())


def conditional(expression: str, *, optional: bool = False) -> ExecutionPlan:
    nodes = {"a": ("shout", {"letter": "request.letter"}), "b": ("join", {"first": "request.letter", "second": "a"})}
    return plan(nodes, "b", of_nodes={"a": {"when": when(expression), "optional": optional}})


def test_a_condition_decides_whether_a_node_runs() -> None:
    assert answer(conditional("request.flag")).text == "hello+HELLO"
    assert answer(conditional("!request.flag")).text == "hello+nothing"


def test_a_condition_over_a_node_that_gave_nothing_sees_null() -> None:
    nodes = {
        "a": ("shout", {"letter": "request.letter"}),
        "b": ("shout", {"letter": "request.letter"}),
        "c": ("join", {"first": "request.letter", "second": "b"}),
    }
    of_nodes = {"a": {"when": when("!request.flag")}, "b": {"when": when("a == null", a=0)}}
    assert answer(plan(nodes, "c", of_nodes=of_nodes)).text == "hello+HELLO"
    of_nodes["b"] = {"when": when("a.text == 'HELLO'", a=0)}
    assert failure(plan(nodes, "c", of_nodes=of_nodes))[0] == Code.INTERNAL
    assert answer(plan(nodes, "c", of_nodes=of_nodes), Request(letter=Letter(text="hello"))).text == "hello+HELLO"


def test_a_node_gives_nothing_where_a_port_that_it_needs_gets_nothing() -> None:
    nodes = {
        "a": ("shout", {"letter": "request.letter"}),
        "b": ("shout", {"letter": "a"}),
        "c": ("join", {"first": "request.letter", "second": "b"}),
    }
    assert answer(plan(nodes, "c", of_nodes={"a": {"when": when("false")}})).text == "hello+nothing"


def test_a_request_fails_where_its_answer_gives_nothing() -> None:
    a_plan = plan({"a": ("shout", {"letter": "request.letter"})}, "a", of_nodes={"a": {"when": when("false")}})
    assert failure(a_plan) == (Code.INTERNAL, "`a` gave no answer")


def test_an_unset_field_is_empty_for_a_port_that_is_needed_and_nothing_for_an_optional_one() -> None:
    nodes = {"a": ("join", {"first": "request.letter", "second": "request.other"})}
    assert answer(plan(nodes, "a"), Request()).text == "+nothing"
    assert answer(plan(nodes, "a"), Request(other=Letter(text="x"))).text == "+x"


def failing(operator: str, **of_node: Any) -> ExecutionPlan:
    fallback = of_node.pop("fallback", None)
    nodes = {"a": (operator, {"letter": "request.letter"}), "b": ("join", {"first": "request.letter", "second": "a"})}
    return plan(nodes, "b", of_nodes={"a": of_node}, bindings={operator: {"fallback": fallback}})


def test_a_failed_node_gives_its_fallback() -> None:
    assert answer(failing("raises", fallback={"text": "instead"})).text == "hello+instead"


def test_a_fallback_does_not_hide_that_a_request_was_refused() -> None:
    assert failure(failing("refuses", fallback={"text": "instead"})) == (Code.INVALID_ARGUMENT, "this is no letter")
    both = failing("refuses", fallback={"text": "instead"}, optional=True)
    assert failure(both) == (Code.INVALID_ARGUMENT, "this is no letter")


def test_a_failed_optional_node_gives_nothing() -> None:
    assert answer(failing("refuses", optional=True)).text == "hello+nothing"


def test_a_late_node_gives_its_fallback() -> None:
    assert answer(failing("hangs", timeout=0.02, fallback={"text": "late"})).text == "hello+late"


def test_any_other_failed_node_fails_the_request_with_its_code() -> None:
    assert failure(failing("refuses")) == (Code.INVALID_ARGUMENT, "this is no letter")
    assert failure(failing("hangs", timeout=0.02)) == (Code.DEADLINE_EXCEEDED, "`a` has not answered within 0.02 s")


def test_fallbacks_are_not_shared_between_requests() -> None:
    async def main() -> None:
        a_plan = plan(
            {"a": ("raises", {"letter": "request.letter"})}, "a", bindings={"raises": {"fallback": {"number": 1}}}
        )
        async with Engine(a_plan) as engine:
            first = await engine.call(HELLO)
            first.number = 2
            assert (await engine.call(HELLO)).number == 1

    run(main())


def test_a_value_is_read_as_another_type_where_the_plan_says_so() -> None:
    made = chain("same", 1)
    graph = made.graphs[0]._replace(convert=True)
    converted = made._replace(graphs=(graph,), method=made.method._replace(output="post.v1.Note"))
    assert type(answer(converted)).DESCRIPTOR.full_name == "post.v1.Note"
    node = made.graphs[0].nodes[0]._replace(inputs=(Input("letter", -1, ("letter",), convert=True),))
    assert answer(made._replace(graphs=(made.graphs[0]._replace(nodes=(node,)),))).text == "hello"


def test_a_deadline_of_nothing_is_refused_at_once() -> None:
    for within in (0.0, -1.0):
        assert failure(chain("same", 1), within=within)[0] == Code.DEADLINE_EXCEEDED


def test_the_deadline_ends_a_request_and_says_what_it_waited_for() -> None:
    code, message = failure(chain("hangs", 2, deadline=0.03))
    assert (code, message) == (Code.DEADLINE_EXCEEDED, "the deadline passed, waiting for `n0`")
    assert failure(chain("hangs", 2, deadline=60.0), within=0.03)[0] == Code.DEADLINE_EXCEEDED


def test_what_returns_at_once_is_stopped_at_the_deadline_too() -> None:
    a_plan = plan({"a": ("slow", {"letter": "request.letter"}), "b": ("slow", {"letter": "a"})}, "b", deadline=0.01)
    assert failure(a_plan)[0] == Code.DEADLINE_EXCEEDED


def test_a_caller_that_goes_away_cancels_its_operators() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls, Waits.cancelled = asyncio.Event(), 0, 0
        async with Engine(fan("Waits", 10, "all_of_ten")) as engine:
            call = asyncio.create_task(engine.call(HELLO))
            await until(lambda: Waits.calls == 10)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert engine.under_way == 0
            await until(lambda: not engine.abandoned)
            assert Waits.cancelled == 10

    run(main())


def test_a_node_that_fails_cancels_the_others() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls, Waits.cancelled = asyncio.Event(), 0, 0
        nodes = {
            "a": ("Waits", {"letter": "request.letter"}),
            "b": ("fails_later", {"letter": "request.letter"}),
            "c": ("join", {"first": "a", "second": "b"}),
        }
        async with Engine(plan(nodes, "c")) as engine:
            with pytest.raises(OperatorError, match="no luck"):
                await engine.call(HELLO)
            await until(lambda: not engine.abandoned)
        assert (Waits.calls, Waits.cancelled) == (1, 1)

    run(main())


def test_a_call_is_repeated_only_where_that_is_declared() -> None:
    async def main() -> None:
        async with Engine(chain("Flaky", 1, bindings={"Flaky": {"retries": 2}})) as engine:
            assert (await engine.call(HELLO)).number == 3
            assert engine.meters.retries == 2

    run(main())
    assert failure(chain("Flaky", 1))[0] == Code.UNAVAILABLE
    assert failure(chain("Flaky", 1, bindings={"Flaky": {"retries": 1}}))[0] == Code.UNAVAILABLE


def test_a_refusal_is_not_repeated() -> None:
    async def main() -> None:
        async with Engine(chain("refuses", 1, bindings={"refuses": {"retries": 5}})) as engine:
            with pytest.raises(OperatorError, match="no letter"):
                await engine.call(HELLO)
            assert engine.meters.retries == 0

    run(main())


def test_past_the_limit_a_request_is_refused_at_once() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with Engine(chain("Waits", 1), limits=Limits(requests=3)) as engine:
            calls = [asyncio.create_task(engine.call(HELLO)) for _ in range(3)]
            await asyncio.sleep(0)
            for _ in range(2):
                with pytest.raises(OperatorError) as caught:
                    await engine.call(HELLO)
                assert caught.value.code == Code.RESOURCE_EXHAUSTED
            Waits.gate.set()
            assert [one.text for one in await asyncio.gather(*calls)] == ["hello"] * 3
            assert (await engine.call(HELLO)).text == "hello"
            assert engine.meters.refused == 2

    run(main())


def test_draining_answers_what_is_under_way_and_refuses_the_rest() -> None:
    async def main() -> None:
        Waits.gate, Waits.calls = asyncio.Event(), 0
        async with Engine(chain("Waits", 1)) as engine:
            call = asyncio.create_task(engine.call(HELLO))
            await asyncio.sleep(0)
            draining = asyncio.create_task(engine.drain(30))
            await asyncio.sleep(0)
            with pytest.raises(OperatorError) as caught:
                await engine.call(HELLO)
            assert caught.value.code == Code.UNAVAILABLE
            Waits.gate.set()
            assert await draining
            assert (await call).text == "hello"

    run(main())


def test_what_does_not_end_while_draining_ends_with_a_code() -> None:
    async def main() -> None:
        async with Engine(chain("hangs", 1)) as engine:
            call = asyncio.create_task(engine.call(HELLO))
            await asyncio.sleep(0)
            assert not await engine.drain(0.01)
            with pytest.raises(OperatorError) as caught:
                await call
            assert caught.value.code == Code.UNAVAILABLE

    run(main())


def two_arms() -> ExecutionPlan:
    made = chain("same", 1)
    other = chain("shout", 1)
    node = other.graphs[0].nodes[0]._replace(binding=1)
    experiment = Experiment("header/x-user-id", "salt", (Arm("control", 90, 0), Arm("loud", 10, 1)))
    return made._replace(
        graphs=(made.graphs[0], made.graphs[0]._replace(nodes=(node,))),
        bindings=(*made.bindings, *other.bindings),
        experiment=experiment,
    )


def test_an_arm_runs_its_own_graph() -> None:
    assert answer(two_arms(), arm="control").text == "hello"
    assert answer(two_arms(), arm="loud").text == "HELLO"
    assert failure(two_arms(), arm="other") == (Code.INVALID_ARGUMENT, "there is no arm `other`")


def test_a_user_stays_in_an_arm_and_arms_get_their_shares() -> None:
    async def main() -> None:
        async with Engine(two_arms()) as engine:
            first = [(await engine.call(HELLO, key=f"user-{number}")).text for number in range(500)]
            again = [(await engine.call(HELLO, key=f"user-{number}")).text for number in range(500)]
            assert first == again
            assert 25 <= first.count("HELLO") <= 80
            assert [sum(meter.codes.values()) for meter in engine.meters.requests] == [
                2 * first.count("hello"),
                2 * first.count("HELLO"),
            ]

    run(main())


class Log(Observer):
    """Remembers what it saw."""

    def __init__(self) -> None:
        self.began_with: list[Any] = []
        self.finished: list[tuple[str, list[int], Any, Any]] = []

    def began(self, request: Began) -> None:
        self.began_with.append(request.request)

    def ended(self, request: Finished) -> None:
        assert request.ended >= request.began
        times = zip(request.begins, request.ends, request.codes, strict=True)
        assert all(begin <= end for begin, end, code in times if code >= 0)
        self.finished.append((request.request_id, list(request.codes), request.answer, request.error))


def test_an_observer_sees_each_request_begin_and_end() -> None:
    async def main() -> None:
        log = Log()
        a_plan = failing("raises", fallback={"text": "instead"})
        async with Engine(a_plan, observers=[log]) as engine:
            await engine.call(HELLO, request_id="r1")
        async with Engine(failing("refuses"), observers=[log]) as engine:
            with pytest.raises(OperatorError):
                await engine.call(HELLO, request_id="r2")
        async with Engine(conditional("false"), observers=[log]) as engine:
            await engine.call(HELLO, request_id="r3")
        assert log.began_with == [HELLO] * 3
        assert [(one[0], one[1]) for one in log.finished] == [
            ("r1", [Code.INTERNAL, 0]),
            ("r2", [Code.INVALID_ARGUMENT, NOT_RUN]),
            ("r3", [SKIPPED, 0]),
        ]
        assert log.finished[1][3].code == Code.INVALID_ARGUMENT

    run(main())


def test_an_observer_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Observer):
        def began(self, request: Began) -> None:
            raise RuntimeError("began")

        def ended(self, request: Finished) -> None:
            raise RuntimeError("ended")

    async def main() -> None:
        async with Engine(chain("same", 1), observers=[Broken()]) as engine:
            assert (await engine.call(HELLO)).text == "hello"

    run(main())
    assert [record.getMessage() for record in caplog.records] == ["an observer failed"] * 2


def test_spans_are_made_for_a_share_of_requests() -> None:
    exported: list[list[Span]] = []

    async def main() -> None:
        async with Engine(chain("same", 2), observers=[SampledSpans(0.1, exported.append)]) as engine:
            for number in range(100):
                await engine.call(HELLO, request_id=str(number))

    run(main())
    assert 9 <= len(exported) <= 10
    assert [span.node for span in exported[0]] == ["", "n0", "n1"]
    assert exported[0][0].began <= exported[0][1].began <= exported[0][2].ended <= exported[0][0].ended


def test_requests_and_nodes_are_counted_by_code() -> None:
    async def main() -> None:
        async with Engine(failing("raises", fallback={})) as engine:
            for _ in range(3):
                await engine.call(HELLO)
            (requests,), (nodes,) = engine.meters.requests, engine.meters.nodes
            assert requests.codes == {0: 3}
            assert requests.histogram.observations == 3
            assert [meter.codes for meter in nodes] == [{Code.INTERNAL: 3}, {0: 3}]

    run(main())


@pytest.mark.parametrize("entry", ["FailsToStart", "FailsToStartInProcess"])
def test_an_operator_that_does_not_start_stops_the_engine_from_starting(entry: str) -> None:
    with pytest.raises((RuntimeError, BadOperator), match="no device"):
        answer(chain(entry, 1))


def test_a_plan_that_the_code_does_not_fit_is_refused() -> None:
    made = chain("same", 1)
    other_out = made._replace(bindings=(made.bindings[0]._replace(out="post.v1.Reply"),))
    with pytest.raises(BadOperator, match=r"it returns a post\.v1\.Letter, and the comb says post\.v1\.Reply"):
        answer(other_out)
    image = made._replace(bindings=(made.bindings[0]._replace(run="", image="registry/x"),))
    with pytest.raises(CannotRun, match="`same` is not Python code"):
        answer(image)
    with pytest.raises(CannotRun, match="the plan's descriptors cannot be used"):
        answer(made._replace(descriptors=b"\xff"))
    with pytest.raises(BadOperator, match="the comb repeats its calls, and it does not say retry_safe=True"):
        answer(chain("same", 1, bindings={"same": {"retries": 1}}))
    bad_when = plan(
        {"a": ("same", {"letter": "request.letter"})}, "a", of_nodes={"a": {"when": Condition("nope", {"request": -1})}}
    )
    with pytest.raises(CannotRun, match="undeclared reference to 'nope'"):
        answer(bad_when)
    bad_fallback = chain("same", 1, bindings={"same": {"fallback": {"nope": 1}}})
    with pytest.raises(CannotRun, match=r"the fallback of `same` is no post\.v1\.Letter"):
        answer(bad_fallback)


def test_messages_of_another_pool_are_converted_and_no_others() -> None:
    from google.protobuf.descriptor_pb2 import FileDescriptorSet

    from comb_compiler.runtime.messages import open_messages

    made = chain("shout", 2)
    descriptors = FileDescriptorSet.FromString(made.descriptors)
    descriptors.file[0].message_type.add(name="Extra")  # so it is not the file that the code was generated from
    other = made._replace(descriptors=descriptors.SerializeToString())
    foreign = open_messages(other.descriptors)["post.v1.Request"]
    assert foreign is not Request

    async def main() -> None:
        async with Engine(other) as engine:
            request = engine.request_type.FromString(HELLO.SerializeToString())
            given = await engine.call(request)
            assert not isinstance(given, Letter)
            assert given.SerializeToString() == Letter(text="HELLO", number=2).SerializeToString()
        async with Engine(made) as engine:
            assert engine.request_type is Request
            assert await engine.call(foreign.FromString(HELLO.SerializeToString())) == Letter(text="HELLO", number=2)
            with pytest.raises(OperatorError, match=r"a request is a post\.v1\.Request, not a Letter"):
                await engine.call(Letter())

    run(main())


def test_an_answer_of_another_message_is_what_the_method_gives() -> None:
    assert answer(plan({"a": ("reply", {"letter": "request.letter"})}, "a")) == Reply(text="re: hello")


def test_a_node_that_had_not_begun_when_the_request_ended_says_so() -> None:
    async def main() -> None:
        log = Log()
        nodes = {
            "a": ("same_later", {"letter": "request.letter"}),
            "b": ("same_later", {"letter": "request.letter"}),
            "c": ("refuses", {"letter": "request.letter"}),
            "d": ("join", {"first": "a", "second": "c"}),
        }
        async with Engine(plan(nodes, "d"), observers=[log]) as engine:
            with pytest.raises(OperatorError, match="no letter"):
                await engine.call(HELLO)
        assert log.finished[0][1] == [NOT_RUN, Code.CANCELLED, Code.INVALID_ARGUMENT, NOT_RUN]

    run(main())
