"""What stands in a condition whatever the messages say, and has no value: `1 / 0`, `matches('(a')`, `timestamp('x')`.

What has none is the official library's to say; here is only what to ask it about.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from comb_compiler.cel.tree import LOGIC, Call, Expr, Literal, Name, children, loop_variable, walk

__all__ = ["Failure", "find_failures"]

_ZERO = ("/", "%")
_ONES = {"int": "1", "uint": "1u"}


class Failure(NamedTuple):
    """A part of a text that has no value, what CEL says of it, and the function or sign that fails."""

    start: int
    end: int
    said: str
    function: str


_Ask = Callable[[str], str | None]
"""What CEL says of an expression without variables: nothing where it has a value, None where it is no expression."""


def find_failures(text: str, root: Expr, ask: _Ask) -> Iterator[Failure]:
    """The least parts of a condition that name nothing and fail wherever they are evaluated.

    What runs a macro is never asked about as a whole: macros in each other take as long as one likes.
    """
    yield from _Search(text, ask).within(root)


class _Search:
    def __init__(self, text: str, ask: _Ask) -> None:
        self._text = text
        self._ask = ask

    def within(self, expr: Expr) -> Iterator[Failure]:
        said = None
        if _is_constant(expr):
            said = self._ask(self._written(expr))
            if said == "":
                return
        found = [one for part in children(expr) for one in self.within(part)]
        yield from found
        if not found and isinstance(expr, Call):
            yield from self._of_call(expr, said)
        elif not found and said:
            yield Failure(expr.start, expr.end, said, type(expr).__name__)

    def _of_call(self, call: Call, said: str | None) -> Iterator[Failure]:
        """Of a call whose parts have values: one that has none, or that has none because of its last operand."""
        last = call.args[-1] if call.args else None
        if not said and last is not None:
            probe = self._probe(call, last)
            said = self._ask(probe) if probe else ""
        if said:
            at = last if last is not None and (_is_refused(call, said) or _reads(call)) else call
            yield Failure(at.start, at.end, said, call.function)

    def _probe(self, call: Call, last: Expr) -> str:
        """What fails as the call does, if its last operand alone makes it fail."""
        if call.function in _ZERO and isinstance(last, Literal):
            one = _ONES.get(last.kind, "")
            return f"{one} {call.function} {self._written(last)}" if one else ""
        if not isinstance(last, Literal) and not _is_constant(last):
            return ""
        if call.function == "matches":
            return f"''.matches({self._written(last)})"
        is_zoned = call.function.startswith("get") and call.target is not None and len(call.args) == 1
        return f"timestamp(0).{call.function}({self._written(last)})" if is_zoned else ""

    def _written(self, expr: Expr) -> str:
        return self._text[expr.start : expr.end]


def _is_constant(expr: Expr) -> bool:
    """Whether it may be asked about: it has a part that may fail, names nothing, and decides by itself."""
    if isinstance(expr, Literal | Name) or (isinstance(expr, Call) and expr.function in LOGIC):
        return False
    return not any(isinstance(one, Name) or loop_variable(one) is not None for one in walk(expr))


def _is_refused(call: Call, said: str) -> bool:
    """Whether it is the last operand that will not do."""
    return call.function == "[]" or (call.function in _ZERO and "by zero" in said)


def _reads(call: Call) -> bool:
    """Whether it makes something of a text that is written right there."""
    return bool(call.args) and isinstance(call.args[-1], Literal) and call.args[-1].kind in ("string", "bytes")
