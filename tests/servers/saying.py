"""What is told while servers are made and started, for people who wait."""

from collections.abc import Callable

import pytest

__all__ = ["saying"]


def saying(config: pytest.Config) -> Callable[[str], None]:
    """Says a line at once, whatever pytest keeps for the end."""
    capture = config.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\nservers: {line}", flush=True)

    return say
