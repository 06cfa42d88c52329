"""What evaluates expressions, as policies ask for it; the library that does it is elsewhere."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from comb_compiler.policy.expressions import Expression, Problem

__all__ = ["Answer", "Evaluator", "Facts", "Outcome", "Program"]


class Outcome:
    """How an evaluation ended."""

    VALUE = "value"
    ERROR = "error"
    LACKING = "lacking"
    COSTLY = "costly"


class Answer(NamedTuple):
    """What came of an evaluation: a value, or in `reason` why there is none, by `outcome`."""

    outcome: str
    value: Any = None
    reason: str = ""


class Facts(Protocol):
    """Values by their names, ready to be asked about several times."""

    def with_values(self, values: Mapping[str, Any]) -> "Facts":
        """These, and more."""


class Program(Protocol):
    """An expression whose types are right. `result` is the type that it gives, `dyn` where only its values tell."""

    @property
    def result(self) -> str: ...

    def evaluate(self, facts: Facts) -> Answer:
        """Never raises, and ends within bounds."""


class Evaluator(Protocol):
    """CEL as a cluster has it."""

    def compile(self, expression: Expression, types: Mapping[str, str]) -> Program | Problem:
        """Check an expression over names of these types, as `Program.result` gives them."""

    def together(
        self, expressions: Iterable[Expression], variables: Mapping[str, Expression], types: Mapping[str, str]
    ) -> Program | None:
        """Whether all of these hold, asked at once, with variables that are known within; of one, what comes of it.

        It is true only where each of them is. None where they cannot be asked at once.
        """

    def facts(self, values: Mapping[str, Any]) -> Facts:
        """Plain values, by their names, for the programs of this evaluator."""
