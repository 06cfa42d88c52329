"""What the tests of examples/frame-moderation share: it is started once."""

from collections.abc import Iterator

import pytest

from tests.examples.moderation import Running, code, running

__all__ = ["moderation", "operators"]


@pytest.fixture(scope="package")
def moderation() -> Iterator[Running]:
    """The example, running."""
    with running() as started:
        yield started


@pytest.fixture
def operators() -> Iterator[None]:
    """The example's package `operators` can be imported."""
    with code():
        yield
