"""How what changes is put into words."""

from typing import Any

import pytest

from comb_compiler.changes.wording import values_text

_LONG = "sum(rate(comb_retries_total{namespace='vision',service=~'ocr|ocr--"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (1, None, ("1", "–")),
        ("a", "b" * 80, ("a", "b" * 59 + "…")),
        (f"{_LONG}read'", f"{_LONG}recognise'", ("…ervice=~'ocr|ocr--read'", "…ervice=~'ocr|ocr--recognise'")),
        ("a" * 70, "a" * 71, ("…" + "a" * 20, "…" + "a" * 21)),
        ("a" * 70, "a" * 70, ("a" * 59 + "…", "a" * 59 + "…")),
    ],
    ids=["what is not there", "another beginning", "another end", "a longer one", "the same"],
)
def test_of_two_long_values_what_differs_is_shown(before: Any, after: Any, shown: tuple[str, str]) -> None:
    found = values_text(before, after, 60)
    assert found == shown
    assert max(map(len, found)) <= 60
