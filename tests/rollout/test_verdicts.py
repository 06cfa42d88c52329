"""When counts of bad requests keep a limit, break it, or tell nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies

from comb_compiler.rollout import Finding, Limits, Look, Move, Standing, decide
from comb_compiler.rollout.verdicts import needed, standing

HOLD = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("bad", "of", "limit", "wanted"),
    [
        (0, 0, "0.01", Standing.OPEN),
        (0, 299, "0.01", Standing.OPEN),
        (0, 300, "0.01", Standing.KEPT),
        (3, 300, "0.01", Standing.KEPT),
        (4, 300, "0.01", Standing.OPEN),  # as likely as not by chance
        (1, 1, "0.01", Standing.OPEN),
        (2, 2, "0.01", Standing.BROKEN),
        (15, 300, "0.01", Standing.BROKEN),
        (1, 100_000, "0", Standing.BROKEN),
        (0, 2999, "0", Standing.OPEN),
        (0, 3000, "0", Standing.KEPT),
        (10, 10, "1", Standing.KEPT),
    ],
)
def test_a_limit_is_kept_broken_or_open(bad: int, of: int, limit: str, wanted: Standing) -> None:
    assert standing(bad, of, Decimal(limit)) is wanted


@pytest.mark.parametrize("limit", ["0.001", "0.01", "0.05", "0.5", "0.999"])
@pytest.mark.parametrize("chance", [0.001, 0.05])
def test_who_keeps_the_limit_is_ever_taken_for_one_who_breaks_it_with_the_chance_at_most(
    limit: str, chance: float
) -> None:
    """After each single request it is looked at; what is counted are all ways to get there."""
    share, still, broken = float(limit), {0: 1.0}, 0.0
    for of in range(1, 401):
        after: dict[int, float] = {}
        for bad, likely in still.items():
            after[bad] = after.get(bad, 0.0) + likely * (1 - share)
            after[bad + 1] = after.get(bad + 1, 0.0) + likely * share
        out = {bad for bad in after if standing(bad, of, Decimal(limit), chance) is Standing.BROKEN}
        broken += sum(after[bad] for bad in out)
        still = {bad: likely for bad, likely in after.items() if bad not in out}
    assert broken <= chance


@pytest.mark.parametrize("share", [1, 10])
def test_what_is_a_tenth_too_much_is_found_in_the_end(share: int) -> None:
    of = 10**6
    assert standing(of * share * 11 // 1000, of, Decimal(share) / 100) is Standing.BROKEN


def test_all_that_is_looked_at_in_a_rollout_shares_one_chance() -> None:
    limits = Limits(Decimal("0.01"), None, timedelta(milliseconds=100))
    assert limits.spent_over(steps=3, clusters=2).chance == pytest.approx(0.001 / 12)


@given(strategies.integers(0, 10**9), strategies.integers(0, 10**9), strategies.decimals(0, 1, places=6))
def test_any_counts_have_a_standing(bad: int, of: int, limit: Decimal) -> None:
    bad, of = sorted((bad, of))
    found = standing(bad, of, limit)
    assert (found is Standing.KEPT) == (of >= needed(limit) and bad <= limit * of)


def look(*counts: tuple[int, int], seconds: float = 60.0, why: str = "") -> Look:
    return Look(seconds, tuple(Finding("failed", bad, of, Decimal("0.01")) for bad, of in counts), why)


@pytest.mark.parametrize(
    ("looks", "move"),
    [
        ({"east": look((0, 400))}, Move.ON),
        ({"east": look((0, 400)), "west": look((0, 400))}, Move.ON),
        ({"east": look((0, 400)), "west": look((0, 10))}, Move.HOLD),
        ({"east": look((0, 400)), "west": "its Prometheus cannot be asked"}, Move.HOLD),
        ({"east": look((0, 400)), "west": look((40, 400))}, Move.BACK),
        ({"east": "its Prometheus cannot be asked", "west": look((40, 400))}, Move.BACK),
        ({"east": look((0, 400), (0, 10))}, Move.HOLD),
        ({"east": look((0, 400), seconds=59.0)}, Move.HOLD),
        ({"east": look((40, 400), seconds=1.0)}, Move.BACK),
        ({"east": look((0, 400), why="no pod of the candidate is ready")}, Move.HOLD),
        ({"east": look(seconds=1000.0)}, Move.HOLD),  # nothing that was measured proves nothing
    ],
)
def test_it_goes_on_where_all_is_kept_everywhere_and_back_where_anything_is_broken(
    looks: dict[str, Look | str], move: Move
) -> None:
    assert decide(looks, HOLD).move is move


@pytest.mark.parametrize(("hold", "seconds"), [(60, 1200), (900, 1800)])
def test_a_candidate_that_does_not_become_ready_in_time_is_taken_back(hold: int, seconds: int) -> None:
    held, given_up = (
        decide({"east": Look(0.0, why="no pod is ready", unready=unready)}, timedelta(seconds=hold))
        for unready in (seconds - 1.0, seconds + 0.0)
    )
    assert held == (Move.HOLD, (f"east: no pod is ready for {seconds - 1} of at most {seconds} s",))
    assert given_up == (Move.BACK, (f"east: no pod is ready for {seconds} of at most {seconds} s",))


def test_figures_are_told_with_what_they_lack() -> None:
    assert decide({"east": look((1, 200), seconds=30.0)}, HOLD).why == (
        "east: watched for 30 of 60 s: 1 of 200 failed (0.5%, at most 1%), too few to tell: 100 more are needed",
    )
    assert "(none, at most 1%)" in decide({"east": look((0, 0))}, HOLD).why[0]
