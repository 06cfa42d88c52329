"""Every case of the public YAML test suite is read as the suite says, or refused; what is no YAML is refused."""

from typing import Any

import pytest

from comb_compiler.diagnostics import has_errors
from comb_compiler.source import decode, parse
from tests.source.suite import CASES, REFUSED, Case


def _read(text: str) -> list[Any] | None:
    """The documents of `text`; None when it is refused."""
    source, diagnostics = decode("case.yaml", text.encode())
    if source is None:
        assert has_errors(diagnostics)
        return None
    parsed = parse(source)
    return None if has_errors(parsed.diagnostics) else [document.root.data for document in parsed.documents]


def _same(one: Any, other: Any) -> bool:
    """Equal, where true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_is_read_as_the_suite_says_or_refused(case: Case) -> None:
    data = _read(case.text)
    if data is not None:
        assert not case.is_error, f"{case.name} is no YAML, and is read as {data}"
        assert case.documents is not None, f"{case.name} has keys that are no text, and is read as {data}"
        assert _same(data, case.documents), f"{case.name} is read as {data}, not as {case.documents}"


def test_the_valid_cases_that_are_refused_are_known(update: bool) -> None:
    refused = [case for case in CASES if not case.is_error and _read(case.text) is None]
    listed = "".join(f"{case.id} {case.name}\n" for case in refused)
    if update:
        REFUSED.write_text(listed, encoding="utf-8")
    assert listed == REFUSED.read_text(encoding="utf-8")


def test_most_valid_cases_are_read() -> None:
    """Refusing everything would pass every case."""
    valid = [case for case in CASES if not case.is_error]
    assert len(CASES) == 402
    assert len(valid) == 308
    assert sum(_read(case.text) is not None for case in valid) >= 215
