"""What strict readers of JSON have in common."""

import json
from typing import Any

__all__ = ["repeated", "shown"]


def repeated(pairs: list[tuple[str, Any]]) -> str | None:
    """The first name that stands more than once in an object; None where all are different."""
    names = [name for name, _ in pairs]
    return None if len(set(names)) == len(names) else next(name for name in names if names.count(name) > 1)


def shown(value: Any, most: int, kept: int) -> str:
    """A value in a sentence: as JSON, and of more than `most` characters the first `kept`."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) > 10**40:
        return "a number of more than 40 digits"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= most else f"{text[:kept]}…"
