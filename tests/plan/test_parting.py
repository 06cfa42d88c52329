"""Bindings go where their operator is, those of arms too."""

from comb_compiler.plan.model import Group
from comb_compiler.plan.parting import parted
from comb_compiler.release import parse_plan, plan_bytes
from tests.examples.moderation import patient_plan

ENTRY = Group("frame-moderation", ("decide",), is_entry=True)


def hosted(*groups: Group) -> dict[str, list[str]]:
    plan = parted(patient_plan(), groups)
    assert parse_plan(plan_bytes(plan)) == plan
    return {process.name: sorted(plan.bindings[one].name for one in process.bindings) for process in plan.processes}


def test_the_bindings_of_arms_are_where_their_operator_is() -> None:
    text, rest = Group("straighten", ("straighten", "recognise")), Group("nsfw", ("nsfw", "detect"))
    assert hosted(ENTRY, text, rest) == {
        "frame-moderation": ["decide"],
        "frame-moderation--straighten": ["recognise", "straighten", "straighten@rotate"],
        "frame-moderation--nsfw": ["detect", "nsfw"],
    }


def test_the_entry_answers_even_when_it_hosts_nothing() -> None:
    everything = Group("detect", ("detect", "straighten", "recognise", "nsfw", "decide"))
    found = hosted(Group("frame-moderation", (), is_entry=True), everything)
    assert list(found) == ["frame-moderation", "frame-moderation--detect"]
    assert found["frame-moderation"] == []


def test_a_group_that_hosts_nothing_has_no_process() -> None:
    everything = ENTRY._replace(operators=("detect", "straighten", "recognise", "nsfw", "decide"))
    assert list(hosted(everything, Group("spare", ("unused",)))) == ["frame-moderation"]


def test_a_group_named_like_the_comb_is_not_taken_for_the_entry() -> None:
    assert list(hosted(ENTRY, Group("frame-moderation", ("detect",)))) == [
        "frame-moderation",
        "frame-moderation--frame-moderation",
    ]
