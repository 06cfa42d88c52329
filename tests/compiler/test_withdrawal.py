"""A candidate that gets no users any more: what changes, what stays, and what it is refused for."""

from pathlib import Path

import pytest

from comb_compiler.compiler.repeating import repeated
from comb_compiler.compiler.rollout import BadStable, read_stable
from comb_compiler.compiler.withdrawal import withdrawn
from comb_compiler.release.release import FILE, Emergency, parse_release
from tests.compiler.test_rollout import EIGHTH, objects, step, version, weights


def test_only_the_weight_and_the_state_change(tmp_path: Path) -> None:
    tried = step(version(tmp_path, "Old"), version(tmp_path, "New"), EIGHTH)
    gone = withdrawn(tried.files)
    assert {name for name in gone if gone[name] != tried.files[name]} == {"configmap-ocr--weights.yaml", FILE}
    before = weights(tried)["candidate"]
    assert before["weight"] == 12.5
    after = weights(tried._replace(files=gone))["candidate"]
    assert after == {**before, "weight": 0}
    release = parse_release(gone[FILE])
    assert release.rollout is not None
    assert (release.rollout.step, release.rollout.aborted) == (1, True)
    assert objects(gone).keys() == objects(tried.files).keys()


def test_what_the_stable_release_was_is_found_in_it_byte_by_byte(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    found = read_stable(withdrawn(step(old, new).files))
    assert {**found.files, FILE: found.content} == old.files


def test_it_is_rendered_again_from_the_candidate_and_what_is_published(tmp_path: Path) -> None:
    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    gone = withdrawn(step(old, new).files)
    assert repeated(new, gone) == gone
    assert withdrawn(gone) == gone


def test_a_release_without_a_candidate_has_none_to_take_back(tmp_path: Path) -> None:
    with pytest.raises(BadStable, match="there is no candidate"):
        withdrawn(version(tmp_path, "Old").files)


def test_a_stable_release_that_was_let_past_the_gates_is_made_good_before_it_is_followed(tmp_path: Path) -> None:
    from comb_compiler.compiler.render import render_release

    old, new = version(tmp_path, "Old"), version(tmp_path, "New")
    past = old.rendering._replace(emergency=Emergency("late", "2026-11-28T00:00:00Z"))
    with pytest.raises(BadStable, match="Flux would be told something else"):
        step(render_release(past, old.code), new)


def test_an_emergency_is_in_the_release_and_what_flux_is_told_alone(tmp_path: Path) -> None:
    from comb_compiler.compiler.render import render_release

    old = version(tmp_path, "Old")
    emergency = Emergency("late", "2026-11-28T00:00:00Z")
    past = render_release(old.rendering._replace(emergency=emergency), old.code)
    assert {name for name in past.files if past.files[name] != old.files[name]} == {FILE}
    assert past.flux_bytes.count(emergency.said.encode()) == 2
    assert repeated(old, past.files) == past.files
