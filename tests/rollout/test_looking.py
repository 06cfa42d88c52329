"""What is seen of a candidate in a real Prometheus: since when it has its share, and how it did since then."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from comb_compiler.rollout import Limits, Look, Move, decide, look_at, look_for_end
from tests.conftest import RequiresTool
from tests.rollout.series import LENGTH, RUN, At, Scenario, Seen, seen, tried

SHARE = Decimal("0.01")
HOLD = timedelta(seconds=60)
BEGUN = 300
"""When the candidate got its share."""
LIMITS = Limits(Decimal("0.01"), Decimal("0.02"), timedelta(milliseconds=150))


def always(value: float) -> At:
    return lambda second: value


def since(second: int, before: float, after: float) -> At:
    return lambda now: after if now >= second else before


def rising(rate: float, begin: int = BEGUN) -> At:
    return lambda now: rate * max(0, now - begin)


def from_then_on(second: int, value: At) -> At:
    return lambda now: value(now) if now >= second else None


GOOD: Scenario = {
    "stable1 comb_candidate_share": since(BEGUN, 0.0, 0.01),
    "stable2 comb_candidate_share": since(BEGUN, 0.0, 0.01),
    "stable1 comb_failovers_total": always(7),
    f"candidate1 comb_build_info release={RUN}": always(1),
    "candidate1 comb_ready": always(1),
    "candidate1 comb_requests_total code=OK": rising(5),
    "candidate1 comb_requests_refused_total by=service": always(0),
    "candidate1 comb_request_seconds_count": rising(5),
    "candidate1 comb_request_seconds_bucket le=0.2": rising(5),
}

SCENARIOS: dict[str, Scenario] = {
    "good": GOOD,
    "few": {
        **GOOD,
        "candidate1 comb_requests_total code=OK": rising(0.2),
        "candidate1 comb_request_seconds_count": rising(0.2),
        "candidate1 comb_request_seconds_bucket le=0.2": rising(0.2),
    },
    "all-at-once": {
        **GOOD,
        "candidate1 comb_requests_total code=INTERNAL": from_then_on(450, always(60)),
    },
    "errors-before": {**GOOD, "candidate1 comb_requests_total code=INTERNAL": always(1000)},
    "callers-fault": {**GOOD, "candidate1 comb_requests_total code=INVALID_ARGUMENT": rising(5)},
    "restarted": {
        **GOOD,
        "candidate1 comb_requests_total code=INTERNAL": lambda now: float(now - BEGUN if BEGUN <= now < 450 else 0),
    },
    "late": {**GOOD, "candidate1 comb_requests_total code=DEADLINE_EXCEEDED": rising(1)},
    "slow": {**GOOD, "candidate1 comb_request_seconds_bucket le=0.2": rising(4)},
    "full": {**GOOD, "candidate1 comb_requests_refused_total by=service": rising(1)},
    "not-everywhere": {**GOOD, "stable2 comb_candidate_share": always(0.0)},
    "unseen": {name: at for name, at in GOOD.items() if not name.startswith("stable")},
    "unready": {**GOOD, "candidate1 comb_ready": always(0)},
    "another": {
        **GOOD,
        f"candidate1 comb_build_info release={RUN}": lambda now: None,
        "candidate1 comb_build_info release=other": always(1),
    },
    "two-candidates": {
        **GOOD,
        "candidate2 comb_build_info release=other": always(1),
        "candidate2 comb_requests_total code=INTERNAL": rising(100),
    },
    "gone": {
        **GOOD,
        "candidate1 comb_ready": lambda now: 1.0 if now < 450 else None,
        f"candidate1 comb_build_info release={RUN}": lambda now: 1.0 if now < 450 else None,
        "stable1 comb_failovers_total": rising(5, 450),
    },
    "not-watched": {
        **GOOD,
        "stable1 comb_candidate_share": lambda now: None if 350 <= now < 550 else 0.01 * (now >= BEGUN),
        "stable2 comb_candidate_share": lambda now: None,
    },
    "lost": {
        **GOOD,
        "stable1 comb_candidate_share": lambda now: None if now > 570 else 0.01 * (now >= BEGUN),
        "stable2 comb_candidate_share": lambda now: None if now > 570 else 0.01 * (now >= BEGUN),
    },
    "interrupted": {**GOOD, "stable1 comb_candidate_share": lambda now: 0.0 if now < BEGUN or now == 500 else 0.01},
    "taken-back": {
        **GOOD,
        "stable1 comb_candidate_share": since(500, 0.01, 0.0),
        "stable2 comb_candidate_share": since(500, 0.01, 0.0),
    },
}


@pytest.fixture(scope="module")
def source(requires_tool: RequiresTool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    directory = tmp_path_factory.mktemp("prometheus")
    with seen(SCENARIOS, directory, requires_tool("prometheus"), requires_tool("promtool")) as made:
        yield made


def look(source: Seen, scenario: str, limits: Limits = LIMITS, hold: timedelta = HOLD) -> Look:
    return look_at(source, tried(scenario), SHARE, hold, limits)


def test_it_is_watched_since_every_pod_has_the_weights(source: Seen) -> None:
    found = look(source, "good")
    assert LENGTH - BEGUN - 10 <= found.seconds <= LENGTH - BEGUN
    assert found.why == ""
    assert [(one.bad, one.limit) for one in found.findings] == [(0, Decimal("0.01")), (0, Decimal("0.02")), (0, SHARE)]
    assert all(abs(one.of - 5 * found.seconds) <= 30 for one in found.findings)


@pytest.mark.parametrize(
    ("scenario", "bad"),
    [
        ("all-at-once", (60, 0, 0)),
        ("errors-before", (0, 0, 0)),
        ("callers-fault", (0, 0, 0)),
        ("restarted", (145, 0, 0)),
        ("late", (0, 300, 0)),
        ("slow", (0, 0, 300)),
        ("full", (300, 0, 0)),
        ("two-candidates", (0, 0, 0)),
    ],
)
def test_bad_requests_are_counted_since_then(source: Seen, scenario: str, bad: tuple[int, ...]) -> None:
    found = look(source, scenario)
    assert [abs(one.bad - wanted) <= 10 for one, wanted in zip(found.findings, bad, strict=True)] == [True] * 3, found


@pytest.mark.parametrize(
    ("scenario", "move"),
    [
        ("good", Move.ON),
        ("errors-before", Move.ON),
        ("two-candidates", Move.ON),
        ("callers-fault", Move.ON),
        ("few", Move.HOLD),
        ("not-everywhere", Move.HOLD),
        ("unseen", Move.HOLD),
        ("unready", Move.HOLD),
        ("another", Move.HOLD),
        ("lost", Move.HOLD),
        ("all-at-once", Move.BACK),
        ("restarted", Move.BACK),
        ("late", Move.BACK),
        ("slow", Move.BACK),
        ("full", Move.BACK),
        ("gone", Move.BACK),
    ],
)
def test_what_becomes_of_it(source: Seen, scenario: str, move: Move) -> None:
    decision = decide({"east": look(source, scenario)}, HOLD)
    assert decision.move is move, decision


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("few", "too few to tell"),
        ("not-everywhere", "not every pod of the stable release has the weights yet"),
        ("unseen", "no pod of the stable release is seen"),
        ("unready", "no pod of the candidate is ready for"),
        ("another", "no pod of the candidate is ready"),
        ("gone", "of at most 1200 s; watched for"),
    ],
)
def test_why_it_is_held_is_said(source: Seen, scenario: str, said: str) -> None:
    assert said in decide({"east": look(source, scenario)}, HOLD).why[0]


def test_how_long_no_pod_was_ready_is_counted_from_when_it_had_its_share(source: Seen) -> None:
    assert abs(look(source, "unready").unready - (LENGTH - BEGUN)) <= 10
    assert abs(look(source, "gone").unready - (LENGTH - 450)) <= 10
    assert look(source, "good").unready == 0
    assert look(source, "not-everywhere").unready == 0


def test_time_at_which_nothing_was_seen_is_no_time_that_it_was_watched(source: Seen) -> None:
    assert 80 <= look(source, "not-watched").seconds <= 120


def test_a_share_that_was_another_meanwhile_begins_anew(source: Seen) -> None:
    assert 80 <= look(source, "interrupted").seconds <= 100


def test_a_hold_that_is_not_over_is_held(source: Seen) -> None:
    hold = timedelta(seconds=400)
    assert decide({"east": look(source, "good", hold=hold)}, hold).move is Move.HOLD


def test_only_what_is_limited_is_asked_for(source: Seen) -> None:
    found = look(source, "late", Limits(None, None, timedelta(milliseconds=200)))
    assert [one.what for one in found.findings] == ["took more than 0.2 s"]


def test_a_candidate_without_users_is_known_by_every_pod_of_the_stable_release(source: Seen) -> None:
    assert look_for_end(source, tried("taken-back")) == ""
    assert look_for_end(source, tried("good")) != ""
    assert look_for_end(source, tried("not-everywhere")) != ""
    assert look_for_end(source, tried("unseen")) == "no pod of the stable release is seen"
