"""Looks at a candidate in each of its clusters → what becomes of its rollout."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import NamedTuple

from comb_compiler.rollout.looking import Look, ready_within
from comb_compiler.rollout.verdicts import Finding, Standing

__all__ = ["Decision", "Move", "decide"]


class Move(Enum):
    """What becomes of a rollout."""

    ON = "on"
    HOLD = "hold"
    BACK = "back"


class Decision(NamedTuple):
    """What is to happen, and why: a sentence for each cluster, with its figures."""

    move: Move
    why: tuple[str, ...]


def decide(looks: Mapping[str, Look | str], hold: timedelta) -> Decision:
    """One broken limit in one cluster brings the rollout back at once, and so does a candidate that does not become
    ready, in time. It goes on where all limits are kept everywhere.

    A look is a sentence where the cluster's figures cannot be had: then nothing goes on.
    """
    moves = {cluster: _move(look, hold) for cluster, look in looks.items()}
    why = tuple(f"{cluster}: {_said(look, hold)}" for cluster, look in looks.items())
    if Move.BACK in moves.values():
        return Decision(Move.BACK, why)
    return Decision(Move.ON if set(moves.values()) == {Move.ON} else Move.HOLD, why)


def _move(look: Look | str, hold: timedelta) -> Move:
    if isinstance(look, str):
        return Move.HOLD
    standings = {one.standing for one in look.findings}
    if Standing.BROKEN in standings or _is_given_up(look, hold):
        return Move.BACK
    long_enough = not look.why and look.seconds >= hold.total_seconds()
    return Move.ON if long_enough and standings == {Standing.KEPT} else Move.HOLD


def _is_given_up(look: Look, hold: timedelta) -> bool:
    return look.unready >= ready_within(hold).total_seconds()


def _said(look: Look | str, hold: timedelta) -> str:
    if isinstance(look, str):
        return look
    findings = "; ".join(f"{one.said()}{_remark(one)}" for one in look.findings)
    watched = f"watched for {look.seconds:.0f} of {hold.total_seconds():.0f} s: {findings}" if findings else ""
    unready = f" for {look.unready:.0f} of at most {ready_within(hold).total_seconds():.0f} s" if look.unready else ""
    return "; ".join(filter(None, (f"{look.why}{unready}" if look.why else "", watched)))


def _remark(finding: Finding) -> str:
    if finding.standing is Standing.BROKEN:
        return ", which is no chance"
    if finding.standing is Standing.KEPT:
        return ""
    if finding.missing:
        return f", too few to tell: {finding.missing} more are needed"
    return ", which may be chance"
