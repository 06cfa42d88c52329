"""How a repair writes a value anew, for whoever guesses what was meant."""

import re
from collections.abc import Callable

from comb_compiler.diagnostics import Applicability, Edit, Fix
from comb_compiler.source import Scalar
from comb_compiler.source.scalars import resolve
from comb_compiler.spec.shape import Expected

__all__ = ["NOTHING", "Guess", "Mend", "spelled", "written"]

Mend = tuple[Fix | None, tuple[str, ...]]
"""A repair, and what to say before the general advice."""

NOTHING: Mend = (None, ())

Guess = Callable[[Scalar, Expected | None], Mend]
"""What was meant by a value that a field does not take; `NOTHING` where it cannot be told."""

_BARE = re.compile(r"[A-Za-z0-9][-\w./@%+]*(?::[-\w./@%+]+)*")


def written(node: Scalar, text: str, *, safe: bool = False) -> Fix:
    """Put `text` in the place of `node`, in quotes where they are needed or were there before."""
    bare = node.plain and _BARE.fullmatch(text) and isinstance(resolve(text).value, str)
    spelling = text if bare else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return spelled(node, text, spelling, safe=safe)


def spelled(node: Scalar, shown: str, spelling: str, *, safe: bool) -> Fix:
    """Put `spelling` there as it is, and call it `shown`."""
    applicability = Applicability.SAFE if safe else Applicability.UNSAFE
    return Fix(f"write `{shown}`", (Edit(node.span, spelling),), applicability)
