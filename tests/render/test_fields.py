"""Every field of comb.yaml and platform.yaml changes what clusters are told, or a table says why not.

Found by changing each in an example that uses all of them. The same makes docs/reference/what-changes-what.md.
"""

from collections.abc import Iterator

import pytest

from comb_compiler.render.manifest import Written
from tests.render.effects.effects import MODELS, Effect, effects, fields
from tests.render.effects.reasons import ELSEWHERE, REASONS, reason
from tests.render.effects.rendering import Change, base
from tests.spec.fields import all_fields

_STORES = {"SampleStoreSpec.embedded", "EmbeddedStore.directory"}
"""A directory, instead of the servers that the example has: the platform itself has nothing for clusters there."""


def rows() -> dict[tuple[Written, str], list[Effect]]:
    """The fields, each with all places where the example has it."""
    found: dict[tuple[Written, str], list[Effect]] = {}
    for effect in effects():
        found.setdefault((effect.written, effect.pattern), []).append(effect)
    return found


def test_the_example_is_rendered() -> None:
    assert {one[0] for one in base().objects} == {"east", "west"}


@pytest.mark.parametrize("written", MODELS)
def test_the_example_has_every_field(written: Written) -> None:
    assert all_fields(MODELS[written]) - {field.name for field in fields(written)} - _STORES == set()


@pytest.mark.slow
def test_a_field_changes_a_manifest_or_has_a_reason_not_to() -> None:
    silent = {key for key, places in rows().items() if not any(one.changes for one in places)}
    assert {key for key in silent if reason(REASONS, *key) is None} == set()


@pytest.mark.slow
def test_no_field_changes_a_manifest_that_is_said_not_to() -> None:
    loud = {key for key, places in rows().items() if any(one.changes for one in places)}
    assert {key for key in loud if reason(REASONS, *key) is not None} == set()


@pytest.mark.slow
def test_what_is_said_of_fields_is_said_of_fields_that_there_are() -> None:
    for table in (REASONS, ELSEWHERE):
        for written, of in ((written, of) for written, told in table.items() for of in told):
            assert any(reason({written: {of: ""}}, *key) == "" for key in rows() if key[0] is written), of


@pytest.mark.slow
def test_what_a_field_changes_knows_the_field_as_its_cause() -> None:
    unknown = {key for key, places in rows().items() if _told(places) and not any(map(_is_own, _pairs(places)))}
    assert {key for key in unknown if reason(ELSEWHERE, *key) is None} == set()
    for written, told in ELSEWHERE.items():
        needless = [
            of
            for of in told
            if not any(reason({written: {of: ""}}, *key) == "" for key in unknown if key[0] is written)
        ]
        assert needless == []


def _told(places: list[Effect]) -> bool:
    """Whether anything changes beside the execution plan, which is caused by the graph as a whole."""
    return any("plan.json" not in change.pointer for one in places for change in one.changes)


def _pairs(places: list[Effect]) -> Iterator[tuple[Effect, Change]]:
    return ((one, change) for one in places for change in one.changes)


def _is_own(pair: tuple[Effect, Change]) -> bool:
    effect, change = pair
    cause = change.cause
    if cause.written is not effect.written:
        return False
    path = effect.path[2:] if cause.written is Written.COMB and effect.path[0] == "environments" else effect.path
    length = min(len(path), len(cause.path))
    return path[:length] == cause.path[:length]
