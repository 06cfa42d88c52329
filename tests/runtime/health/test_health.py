"""The health of an engine whose operators go wrong, one way at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import nan
from pathlib import Path
from random import Random
from typing import Any

import pytest

from comb_compiler.release import ExecutionPlan, Recording
from comb_compiler.runtime.engine import Engine, Limits
from comb_compiler.runtime.health import (
    NOTHING,
    BadReference,
    Health,
    Level,
    ModelHealth,
    Report,
    Saved,
    Settings,
    measures,
    read_saved,
    report_json,
    saved_bytes,
)
from comb_compiler.runtime.health.observations import Place
from comb_compiler.runtime.health.rounds import Schedule
from comb_compiler.samples import SampleSet
from tests.runtime.health.operators import CALLS, SPOILED
from tests.runtime.health.setting import QUICK, a_plan, goldens, sample, spoiled, two_arms
from tests.runtime.post.post_pb2 import Letter, Request
from tests.runtime.waiting import run, until

NO_GOLDENS = SampleSet("", (), "")


class Watched:
    def __init__(self, engine: Engine, health: Health) -> None:
        self.engine = engine
        self.health = health

    def report(self) -> Report:
        return self.health.report()

    def model(self, operator: str, arm: str = "") -> ModelHealth:
        return next(one for one in self.report().models if (one.arm, one.operator) == (arm, operator))

    async def send(self, count: int, **letter: Any) -> None:
        """Requests of users, each a little different; `number` may be a function of a Random."""
        random = Random(count)
        number = letter.pop("number", lambda random: int(random.gauss(1000, 100)))
        for index in range(count):
            text = "x" * (1 + index % 7)
            await self.engine.call(Request(letter=Letter(text=text, number=number(random), **letter)), key=str(index))
        await until(lambda: self.health.observer.looked_at == self.health.observer.requests)


@asynccontextmanager
async def watched(
    plan: ExecutionPlan, samples: SampleSet, settings: Settings = QUICK, saved: Saved = NOTHING, **more: Any
) -> AsyncIterator[Watched]:
    health = Health(plan, samples, settings, saved)
    engine = Engine(plan, observers=[health.observer], locate=lambda model: Path(model.artifact), **more)
    async with engine:
        health.start(engine)
        try:
            yield Watched(engine, health)
        finally:
            await health.close()


async def once(plan: ExecutionPlan, samples: SampleSet, saved: Saved = NOTHING) -> Report:
    health = Health(plan, samples, QUICK, saved)
    async with Engine(plan, observers=[health.observer]) as engine:
        report = await health.once(engine)
        await health.close()
        return report


def of(report: Report, operator: str, arm: str = "") -> ModelHealth:
    return next(one for one in report.models if (one.arm, one.operator) == (arm, operator))


def test_right_goldens_make_models_healthy_and_the_engine_ready() -> None:
    async def main() -> None:
        health = Health(a_plan(), goldens(), QUICK)
        assert health.reasons() == ("golden samples have not been asked yet",)
        async with watched(a_plan(), goldens()) as one:
            await until(lambda: not one.health.reasons())
            await until(lambda: one.report().arms[0].right == 3)
            report = one.report()
            assert report.level == Level.HEALTHY
            assert (report.reasons, report.not_ready) == ((), ())
            assert [(model.operator, model.level.word, model.goldens) for model in report.models] == [
                ("shout", "healthy", 3), ("count", "healthy", 3), ("reply", "healthy", 3),
            ]  # fmt: skip
            shout = of(report, "shout")
            assert (shout.model, shout.version, len(shout.params)) == ("voice", "1.0.0", 12)
            assert one.engine.meters.requests[0].codes == {}

    run(main())


def test_a_wrong_golden_at_the_start_means_not_ready_until_it_is_right() -> None:
    async def main() -> None:
        with spoiled(shout="wrong"):
            async with watched(a_plan(), goldens()) as one:
                await until(lambda: one.report().arms[0].wrong)
                assert "golden sample `abc` is answered wrongly: `text` is not as expected" in one.health.reasons()
                assert one.report().level == Level.UNHEALTHY
                SPOILED.clear()
                await until(lambda: not one.health.reasons())

    run(main())


def test_a_golden_that_becomes_wrong_takes_the_engine_out_and_a_right_one_brings_it_back() -> None:
    async def main() -> None:
        async with watched(a_plan(), goldens()) as one:
            await until(lambda: one.report().arms[0].right == 3)
            with spoiled(count="wrong"):
                await until(lambda: one.report().arms[0].wrong == 2)
                assert len(one.health.reasons()) == 2
                counted = one.model("count")
                assert counted.level == Level.UNHEALTHY
                assert counted.reasons[0] == (
                    "golden sample `abc` (and 1 more) is answered wrongly: `text` is not as expected; `counted` (in "
                    "`text`) is the first whose answer differs from what is recorded"
                )
                assert one.model("shout").level == Level.HEALTHY
            await until(lambda: not one.health.reasons())
            assert one.report().level == Level.HEALTHY

    run(main())


def test_whether_wrong_goldens_take_the_engine_out_can_be_declared() -> None:
    async def main() -> None:
        async with watched(a_plan(), goldens(), QUICK._replace(leave_when_wrong=False)) as one:
            await until(lambda: one.report().arms[0].right == 3)
            with spoiled(count="wrong"):
                await until(lambda: one.report().arms[0].wrong == 2)
                assert one.health.reasons() == ()
                assert one.report().level == Level.UNHEALTHY

    run(main())


def test_a_failing_operator_is_named_and_is_no_reason_to_leave() -> None:
    async def main() -> None:
        async with watched(a_plan(), goldens()) as one:
            await until(lambda: one.report().arms[0].right == 3)
            with spoiled(shout="fail"):
                await until(lambda: one.report().arms[0].failed == 3)
                assert one.health.reasons() == ()
                assert "`loud` failed with UNAVAILABLE" in one.model("shout").reasons[0]
                assert one.model("count").level == Level.UNKNOWN  # nothing went through it
                assert one.report().level == Level.UNHEALTHY  # none is answered

    run(main())


def test_at_the_start_failures_keep_it_unready_too() -> None:
    async def main() -> None:
        with spoiled(shout="fail"):
            async with watched(a_plan(), goldens()) as one:
                await until(lambda: one.report().arms[0].failed)
                assert "golden sample `abc` is not answered" in one.health.reasons()[0]

    run(main())


def test_without_recorded_answers_everything_on_the_way_is_suspected_and_nothing_is_certain() -> None:
    async def main() -> None:
        with spoiled(count="wrong"):
            report = await once(a_plan(), goldens())
        assert [(model.operator, model.level) for model in report.models] == [
            ("shout", Level.DEGRADED), ("count", Level.DEGRADED), ("reply", Level.DEGRADED),
        ]  # fmt: skip
        assert "no intermediate answers are recorded" in of(report, "count").reasons[0]
        assert report.level == Level.UNHEALTHY
        assert report.reasons == ("2 of 3 golden samples are answered wrongly: `abc`, `hello`",)

    run(main())


def test_an_arm_that_answers_right_shows_which_operator_of_the_other_is_wrong() -> None:
    async def main() -> None:
        with spoiled(shout_louder="wrong"):
            report = await once(two_arms(), goldens())
        assert of(report, "shout", "new").level == Level.UNHEALTHY
        assert "arm `old` answers it right, and differs in `loud`" in of(report, "shout", "new").reasons[0]
        assert [one.level for one in report.models if one.arm == "old"] == [Level.HEALTHY] * 3
        assert of(report, "count", "new").level == Level.HEALTHY
        assert (of(report, "shout", "new").version, of(report, "shout", "old").version) == ("2.0.0", "1.0.0")

    run(main())


def test_answers_recorded_earlier_tell_where_it_goes_wrong() -> None:
    async def main() -> None:
        health = Health(a_plan(), goldens(), QUICK)
        async with Engine(a_plan(), observers=[health.observer]) as engine:
            await health.once(engine)
            saved = read_saved(saved_bytes(health.save()))
            await health.close()
        with spoiled(shout="wrong"):
            report = await once(a_plan(), goldens(), saved)
        assert of(report, "shout").level == Level.UNHEALTHY
        assert "`loud` (in `text`) is the first" in of(report, "shout").reasons[0]

    run(main())


def test_a_sample_that_is_no_request_is_told() -> None:
    async def main() -> None:
        odd = sample("odd", "x", "X 1")._replace(request={"nonsense": 1})
        report = await once(a_plan(), goldens(odd))
        assert report.reasons == ("1 of 4 golden samples are not answered: `odd`",)
        assert report.level == Level.DEGRADED

    run(main())


def test_a_slower_operator_is_degraded_with_how_much() -> None:
    async def main() -> None:
        async with watched(a_plan(), goldens()) as one:
            asked = CALLS["shout"]
            await until(lambda: CALLS["shout"] > asked + 30)  # how long it takes is known after five rounds
            with spoiled(shout="slow"):
                await until(lambda: one.model("shout").level == Level.DEGRADED)
            assert "times as long as at the start (median of 3 golden samples)" in one.model("shout").reasons[0]
            assert one.model("shout").slower > 3

    run(main())


def test_goldens_give_way_to_users_and_it_is_said() -> None:
    async def main() -> None:
        settings = QUICK._replace(schedule=Schedule(2, 0.01, 0.02, 1.0, busy=0, patience=0.0))
        async with watched(a_plan(), goldens(), settings, limits=Limits()) as one:
            await until(lambda: one.report().reasons)
            assert one.report().reasons == (
                "3 of 3 golden samples were skipped in the last round: the engine was busy",
            )
            assert one.report().arms[0].skipped >= 3
            assert one.health.reasons() == ()

    run(main())


def test_numbers_that_are_not_finite_are_counted_and_placed() -> None:
    async def main() -> None:
        async with watched(a_plan(), NO_GOLDENS) as one:
            assert one.health.reasons() == ()
            await one.send(30)
            assert one.model("shout").level == Level.UNKNOWN
            assert one.model("shout").reasons == (
                "no golden sample went through it, and 15% of its reference is there",
            )
            with spoiled(shout="nan"):
                await one.send(2)
                assert one.model("shout").reasons[0] == (
                    "2 of the last 32 answers hold NaN or infinity, the last in `weight`"
                )
                assert one.model("shout").level == Level.DEGRADED
                await one.send(10)
            assert one.model("shout").level == Level.UNHEALTHY
            assert one.model("count").level == Level.UNKNOWN
            await one.send(1, weight=nan)
            assert "1 of the last 43 requests hold NaN" in one.report().inputs.reasons[0]

    run(main())


def test_nan_in_the_answer_to_a_golden_is_unhealthy() -> None:
    async def main() -> None:
        with spoiled(shout="nan"):
            report = await once(a_plan(), goldens())
        assert of(report, "shout").level == Level.UNHEALTHY
        assert of(report, "shout").reasons[0] == (
            "its answers to golden samples hold NaN or infinity: `abc`, `empty`, `hello`"
        )

    run(main())


def test_drift_of_requests_and_of_answers_is_told_apart_and_takes_nothing_out() -> None:
    async def main() -> None:
        async with watched(a_plan(), NO_GOLDENS) as one:
            await one.send(200)
            await one.send(200)
            assert (one.model("shout").level, one.report().inputs.level) == (Level.HEALTHY, Level.HEALTHY)
            with spoiled(count="wrong"):
                await one.send(200)
            assert one.model("count").reasons[0].startswith("answers have shifted from the reference: `number` (PSI")
            assert one.report().inputs.level == Level.HEALTHY
            assert one.model("reply").reasons[0].startswith("answers have shifted")
            assert any("answers of `counted`, has shifted" in reason for reason in one.model("reply").reasons)
            assert one.model("shout").level == Level.HEALTHY
            await one.send(200, number=lambda random: int(random.gauss(1500, 100)))
            assert (
                one.report().inputs.reasons[0].startswith("requests have shifted from the reference: `letter.number`")
            )
            assert any(reason.startswith("what it gets, requests, has") for reason in one.model("shout").reasons)
            assert one.health.reasons() == ()

    run(main())


def test_a_reference_of_another_version_is_not_used_for_its_answers() -> None:
    async def main() -> None:
        async with watched(a_plan(), NO_GOLDENS) as one:
            await one.send(200)
            saved = read_saved(saved_bytes(one.health.save()))
        made = a_plan()
        newer = made.bindings[0]._replace(model=made.bindings[0].model._replace(version="1.1.0"))  # type: ignore[union-attr]
        async with watched(made._replace(bindings=(newer, *made.bindings[1:])), NO_GOLDENS, saved=saved) as one:
            assert (one.model("shout").reference, one.model("count").reference) == (0.0, 1.0)
            assert one.report().inputs.reference == 1.0

    run(main())


def test_figures_can_be_left_out() -> None:
    async def main() -> None:
        async with watched(a_plan(), NO_GOLDENS, QUICK._replace(ignore=("letter.number",))) as one:
            await one.send(200)
            await one.send(200, number=lambda random: int(random.gauss(9000, 100)))
            assert one.report().inputs.level == Level.HEALTHY
            drift = {measure.name: measure.value for measure in measures(one.report()) if "drift" in measure.name}
            assert drift["comb_requests_drift_shifted"] == 0
            assert "comb_model_drift_psi" in drift

    run(main())


def test_what_is_watched_of_each_arm_is_kept_apart() -> None:
    async def main() -> None:
        async with watched(two_arms(), NO_GOLDENS) as one:
            await one.send(100)
            answers = {(model.arm, model.operator): model.answers for model in one.report().models}
            assert answers["old", "shout"] + answers["new", "shout"] == 100
            assert 0 < answers["new", "count"] < answers["old", "count"]
            assert one.report().inputs.answers == 100

    run(main())


def test_the_report_as_json_and_as_measures_says_the_same() -> None:
    async def main() -> None:
        with spoiled(count="wrong"):
            report = await once(two_arms(), goldens())
        written = report_json(report)
        assert (written["version"], written["level"], len(written["models"])) == (1, "unhealthy", 6)
        seen = {(one.name, *sorted(one.labels.items())): one.value for one in measures(report)}
        assert seen["comb_golden_samples", ("arm", "new"), ("kind", "wrong")] == 2
        levels = [one for one in measures(report) if one.name == "comb_model_health" and one.value]
        assert len(levels) == 6
        assert {one.labels["level"] for one in levels} == {"degraded"}
        assert [name for name, *_ in seen if "drift" in name] == []

    run(main())


_PLACE = '{"arm": "", "node": "", "model": "", "version": "", "params": "", "features": {"a": {"edges": [1], '


def _file(places: str) -> bytes:
    return f'{{"version": 1, "comb": "x", "places": [{places}], "goldens": []}}'.encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no reference of health in version 1"),
        (b'{"version": 2}', "no reference of health in version 1"),
        (b'{"version": 1, "comb": "x", "places": 5, "goldens": []}', "does not have the form"),
        (b'{"version": 1, "comb": "x", "places": [{"arm": 1}], "goldens": []}', "does not have the form"),
        (_file(f'{_PLACE}"counts": [1], "sample": []}}}}}}'), "1 counts for 2 bins"),
        (_file(f'{_PLACE}"counts": [0, 0], "sample": []}}}}}}'), "does not have the form"),
        (_file(f'{_PLACE}"counts": [1, 1e999], "sample": []}}}}}}'), "does not have the form"),
        (_file(f'{_PLACE}"counts": [1, 1], "sample": ["x"]}}}}}}'), "does not have the form"),
    ],
)
def test_what_is_no_reference_is_refused_with_a_sentence(content: bytes, why: str) -> None:
    with pytest.raises(BadReference) as caught:
        read_saved(content)
    assert why in str(caught.value)


def test_of_fields_that_are_redacted_nothing_is_compared_or_saved() -> None:
    async def main() -> None:
        made = a_plan(recording=Recording(0.0, redact=("request.letter.number", "request.letter.picture")))
        async with watched(made, NO_GOLDENS) as one:
            await one.send(200)
            await one.send(200, number=lambda random: int(random.gauss(9000, 100)))
            assert one.report().inputs.level == Level.HEALTHY
            figures = one.health.save().references[Place("", "")]
            assert "letter.text.size" in figures
            assert not {"letter.number", "letter.picture.size", "letter.picture.mean"} & figures.keys()

    run(main())


def test_closing_waits_for_the_golden_that_is_being_answered_and_asks_no_other() -> None:
    async def main() -> None:
        async with watched(late_plan(), goldens()) as one:
            await until(lambda: one.engine.under_way)
            await one.health.close()
            assert (one.engine.under_way, one.engine.abandoned) == (0, 0)
            assert one.report().arms[0].right == 1

    run(main())


def late_plan() -> ExecutionPlan:
    """`count` suspends, so that a golden can be seen under way."""
    made = a_plan()
    run_elsewhere = made.bindings[1]._replace(run="tests.runtime.health.operators:count_later")
    return made._replace(bindings=(made.bindings[0], run_elsewhere, made.bindings[2]))
