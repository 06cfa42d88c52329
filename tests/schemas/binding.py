"""What `comb check` says of a file's form, without what it says of how its parts go together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from comb_compiler.diagnostics import Diagnostic, Severity
from comb_compiler.source import SourceFile
from comb_compiler.spec import bind_comb, combfile, platformfile, read
from comb_compiler.spec.platformfile import bind_platform
from tests.schemas.instances import json_text

__all__ = ["findings_of_form", "without_checks"]


@contextmanager
def without_checks() -> Iterator[None]:
    """Leave out what no schema can say: names that must be declared, and what holds between two fields."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(combfile, "COMB_CHECKS", ())
        patch.setattr(platformfile, "PLATFORM_CHECKS", ())
        yield


def findings_of_form(name: str, value: Any) -> tuple[Diagnostic, ...]:
    """The errors in a file that holds `value`."""
    reading = read(SourceFile(f"{name}.yaml", json_text(value)))
    if reading.root is None:
        return reading.diagnostics
    bound = bind_comb(reading) if name == "comb" else bind_platform(reading)
    return tuple(found for found in bound.diagnostics if found.severity is Severity.ERROR)
