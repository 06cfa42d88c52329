"""How findings name values, and what they say of one."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from comb_compiler.diagnostics import codes
from comb_compiler.diagnostics.secrets import masked

__all__ = ["Offence", "describe_value", "listed", "shortened"]


class Offence(NamedTuple):
    """What to say of a bad value: the offence, what was expected, advice, and what is to be seen of the value."""

    code: codes.Code
    message: str
    hints: tuple[str, ...] = ()
    label: str = ""


def describe_value(value: Any) -> str:
    """A value as a person would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {shortened(str(value))}"
    if isinstance(value, str):
        return f"the text `{shortened(value)}`" if value else "an empty text"
    return "a list" if isinstance(value, list) else "a mapping"


def shortened(text: str, most: int = 40) -> str:
    """`text` in one line, without passwords, cut where it would fill more than a part of it."""
    one_line = " ".join(masked(text).split())
    return one_line if len(one_line) <= most else one_line[: most - 1] + "…"


def listed(words: Iterable[str], conjunction: str = "and") -> str:
    """`a`, `b` and `c`"""
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" {conjunction} {quoted[-1]}"
