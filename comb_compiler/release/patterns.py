"""What is hidden in texts, wherever it stands: named patterns, and regular expressions of one's own between slashes.

Python's matcher holds the interpreter while it works, so that an expression which takes exponential time would stop a
service. Those that are allowed look at each place of a text at most `MOST_STEPS` times.
"""

import importlib
import re
from typing import Any

__all__ = ["MOST_STEPS", "NAMED", "expression_of", "unsafe"]

NAMED = {
    "email": r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    "phone": r"(?<![0-9A-Za-z])(?:\+|00)?[0-9](?:[ ()./-]{0,2}[0-9]){6,14}(?![0-9A-Za-z])",
    "card": r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])",
    "token": r"(?<![A-Za-z0-9_-])(?:[Bb]earer {1,8}[A-Za-z0-9._~+/=-]{8,4096}"
    r"|eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{4,4096}){1,2}|(?:sk|pk|ghp|gho|ghs|glpat|xox[abp]|AKIA)[-_]?[A-Za-z0-9_-]{16,255})",
}
"""By name. They take what looks like it rather than leave it: a long number is hidden as a phone's."""

MOST_STEPS = 4096


def expression_of(pattern: str) -> str:
    """The regular expression of a pattern: a name of `NAMED`, or `/expression/`. Raises ValueError for neither."""
    if pattern in NAMED:
        return NAMED[pattern]
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return pattern[1:-1]
    raise ValueError(f"`{pattern}` is no pattern")


def unsafe(expression: str) -> str:
    """Why an expression of one's own may not be used; empty where it may."""
    try:
        re.compile(expression)
        tree = importlib.import_module("re._parser").parse(expression)
    except (re.error, OverflowError, RecursionError) as error:
        return f"it is no regular expression: {error}"
    if re.compile(expression).match(""):
        return "it matches the empty text, so that it would be found everywhere"
    try:
        steps = _steps(tree)
    except _Refused as refused:
        return str(refused)
    if steps > MOST_STEPS:
        return f"its repeats multiply to {steps:,} steps for each place in a text, and {MOST_STEPS:,} are allowed"
    return ""


class _Refused(Exception):
    """What is in it that is not allowed."""


def _steps(tree: Any) -> int:
    """How often one place of a text may be tried at most: the product of what all repeats may choose from."""
    steps = 1
    for operation, argument in tree:
        steps *= _of_one(str(operation), argument)
    return steps


def _of_one(operation: str, argument: Any) -> int:
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, inner = argument
        if most > MOST_STEPS:
            raise _Refused("a repeat without end: write how often at most, as in `[0-9]{1,20}`")
        inside: int = _steps(inner)
        choices = int(most) - int(least) + 1
        return choices if inside == 1 else inside ** min(int(most), 13) * choices
    if operation == "SUBPATTERN":
        return _steps(argument[-1])
    if operation == "BRANCH":
        return sum(_steps(one) for one in argument[1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _steps(argument[1])
    if operation == "ATOMIC_GROUP":
        return _steps(argument)
    if operation.startswith("GROUPREF"):
        raise _Refused("a reference to a group: write out what it stands for")
    return 1
