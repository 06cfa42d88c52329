"""An environment repository, and somebody who publishes into it."""

from pathlib import Path

import pytest

from tests.publish.environment import Remote, Writer, remote_at


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    """An empty environment repository."""
    return remote_at(tmp_path / "environment.git")


@pytest.fixture
def writer(remote: Remote, tmp_path: Path) -> Writer:
    """Somebody with an empty cache."""
    return Writer(remote, tmp_path / "cache")
