"""Nothing that a cluster says counts before the publication has come there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from comb_compiler.cli.arrival import Arrival
from comb_compiler.cli.exits import UsageError
from comb_compiler.cluster import Standing, Trouble
from comb_compiler.publish import Mirror, open_mirror
from tests.publish.environment import Remote, Writer, remote_at, wanted

OLD = Trouble("Deployment", "ocr", "0 of 2 pods are ready", True)
UNFETCHED = Trouble("GitRepository", "flux-system", "no route", False)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return remote_at(tmp_path / "environment.git")


@pytest.fixture
def commits(remote: Remote, tmp_path: Path) -> list[str]:
    """Three publications, the oldest first."""
    writer = Writer(remote, tmp_path / "cache")
    return [writer.publish(wanted(text=text)).commit for text in ("one", "two", "three")]


@pytest.fixture
def opening(remote: Remote, tmp_path: Path) -> Callable[[], AbstractContextManager[Mirror]]:
    return lambda: open_mirror(Writer(remote, tmp_path / "another").reach())


def at(commit: str, *troubles: Trouble) -> Standing:
    return Standing(f"main@sha1:{commit}", f"main@sha1:{commit}", "", troubles)


def test_a_cluster_that_has_the_commit_or_a_later_one_says_how_it_stands(
    opening: Callable[[], AbstractContextManager[Mirror]], commits: list[str]
) -> None:
    arrival = Arrival(opening, commits[1][:12])
    for commit in commits[1:]:
        assert arrival.of(at(commit)) == at(commit)
        assert arrival.of(at(commit, OLD)) == at(commit, OLD)


@pytest.mark.parametrize("revision", ["", "0" * 40, "--upload-pack=touch"])
def test_what_was_before_neither_is_healthy_nor_has_failed(
    opening: Callable[[], AbstractContextManager[Mirror]], commits: list[str], revision: str
) -> None:
    arrival = Arrival(opening, commits[1])
    for one in (revision, commits[0]):
        late = arrival.of(at(one, UNFETCHED, OLD))
        assert not late.is_healthy
        assert not late.has_failed
        assert [trouble.message for trouble in late.troubles] == [
            f"it has not fetched {commits[1][:12]} yet",
            "no route",
        ]


def test_a_commit_that_nobody_has_is_not_waited_for(
    opening: Callable[[], AbstractContextManager[Mirror]], commits: list[str]
) -> None:
    with pytest.raises(UsageError, match="has no such commit"):
        Arrival(opening, "1" * 40).of(at(commits[0]))
    with pytest.raises(UsageError, match="a commit of the environment repository is wanted"):
        Arrival(opening, "HEAD")


def test_where_no_commit_is_meant_nothing_is_asked(commits: list[str]) -> None:
    def refuses() -> AbstractContextManager[Mirror]:
        raise AssertionError

    assert Arrival(refuses, None).of(at(commits[0], OLD)) == at(commits[0], OLD)
    assert Arrival(refuses, commits[0][:12]).of(at(commits[0])) == at(commits[0])
