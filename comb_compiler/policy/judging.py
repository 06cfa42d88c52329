"""A rule over facts → what it says: passed, violated, or could not be told. As an API server decides it.

After `validator.go` of k8s.io/apiserver's policy plugin.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from comb_compiler.policy.evaluator import Answer, Facts, Outcome
from comb_compiler.policy.model import Compiled, Rule, Validation

__all__ = ["Verdict", "judge"]

_MOST_BYTES = 5 * 1024
"""Of a message that an expression gives; a longer one is not shown."""


class Verdict(NamedTuple):
    """One thing that a rule says against something. `outcome` is VALUE where it was violated, else why it is not known.

    What is LACKING or COSTLY is no answer at all: a cluster's may be another.
    """

    outcome: str
    message: str
    source: Compiled | None
    validation: Validation | None = None


def judge(rule: Rule, facts: Facts, shared: dict[str, Answer] | None = None) -> tuple[Verdict, ...]:
    """Everything that a rule says against what these facts are of; nothing where it passes, or is not about it.

    `shared` are variables that rules before found, of the same facts but for params; what this one finds is added.
    """
    applies = _applies(rule, facts)
    if applies is not True:
        return _told(rule, applies)
    together = rule.together()
    if together is not None and together.evaluate(facts).value is True:
        return ()
    known = _Known(rule, facts, {} if shared is None else shared)
    return tuple(one for validation in rule.validations for one in _validated(rule, validation, known))


class _Known:
    """Facts, and variables as they are asked for. One that fails has no value, and fails who asks for it."""

    def __init__(self, rule: Rule, facts: Facts, shared: dict[str, Answer]) -> None:
        self._bound = rule.bound
        self._whole = facts
        self._shared = shared
        self._variables = {one.name: one for one in rule.variables}
        self._facts = facts
        self._asked: set[str] = set()
        self._new: dict[str, Any] = {}

    def answer(self, one: Compiled) -> Answer:
        """What comes of an expression of a validation: with its variables within it, where that is a value."""
        bound = self._bound(one.expression.text) if one.needs else None
        answer = bound.evaluate(self._whole) if bound is not None else None
        return answer if answer is not None and answer.outcome == Outcome.VALUE else self._answer(one)

    def _answer(self, one: Compiled) -> Answer:
        """With variables that are worked out before it, one by one."""
        for name in one.needs:
            if name in self._asked:
                continue
            self._asked.add(name)
            answer = self._variable(self._variables[name])
            if answer.outcome == Outcome.VALUE:
                self._new[f"variables.{name}"] = answer.value
            elif answer.outcome != Outcome.ERROR:
                return answer
        if self._new:
            self._facts = self._facts.with_values(self._new)
            self._new = {}
        return one.program.evaluate(self._facts)

    def _variable(self, one: Compiled) -> Answer:
        if not one.key:
            return self._answer(one)
        if one.key not in self._shared:
            self._shared[one.key] = self._answer(one)
        return self._shared[one.key]


def _told(rule: Rule, stopped: bool | Verdict) -> tuple[Verdict, ...]:
    """An error counts only where the policy fails on errors; no answer counts always."""
    if isinstance(stopped, bool) or (stopped.outcome == Outcome.ERROR and not rule.fails):
        return ()
    return (stopped,)


def _applies(rule: Rule, facts: Facts) -> bool | Verdict:
    """Whether all conditions hold. One that does not hold weighs more than one that cannot be told."""
    stopped: Verdict | None = None
    for one in rule.conditions:
        answer = one.program.evaluate(facts)
        if answer.outcome in (Outcome.LACKING, Outcome.COSTLY):
            return Verdict(answer.outcome, answer.reason, one)
        if answer.outcome == Outcome.ERROR:
            stopped = stopped or Verdict(Outcome.ERROR, f"the condition `{one.name}` fails: {answer.reason}", one)
        elif answer.value is not True:
            return False
    return stopped or True


def _validated(rule: Rule, validation: Validation, known: _Known) -> Iterator[Verdict]:
    answer = known.answer(validation.holds)
    if answer.outcome != Outcome.VALUE:
        yield from _told(rule, Verdict(answer.outcome, answer.reason, validation.holds, validation))
    elif answer.value is not True:
        message, doubt = _message(validation, known)
        yield doubt or Verdict(Outcome.VALUE, message, validation.holds, validation)


def _message(validation: Validation, known: _Known) -> tuple[str, Verdict | None]:
    """What is said: the expression's text, else the fixed one, else the expression that does not hold."""
    answer = known.answer(validation.says) if validation.says else Answer(Outcome.VALUE, "")
    if answer.outcome in (Outcome.LACKING, Outcome.COSTLY):
        return "", Verdict(answer.outcome, answer.reason, validation.says, validation)
    said = _plain(answer.value)
    fixed = validation.message.strip()
    return said or fixed or f"failed expression: {validation.holds.expression.text.strip()}", None


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return "" if "\n" in text or len(text.encode()) > _MOST_BYTES else text
