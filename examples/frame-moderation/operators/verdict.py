"""The decision: what was read and scored, against the rules."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from comb_compiler.runtime import Messages, Model
from operators.rules import Pattern, read_rules, squeezed

__all__ = ["Decide"]

_ALLOW, _REVIEW, _BLOCK = 1, 2, 3  # moderation.v1.Decision
_NUDITY, _PHRASE, _CONTACT, _NO_TEXT, _NO_PICTURE = 1, 2, 3, 4, 5  # moderation.v1.ReasonCode


class _Reason(NamedTuple):
    code: int
    decision: int
    line: int | None = None
    detail: str = ""


class Decide:
    """Judges lines and score by the rules of its model version. The gravest reason decides; with none, allow.

    What could not be examined is never taken for clean: it is for a person to review.
    """

    def __init__(self, model: Model, messages: Messages) -> None:
        self._rules = read_rules(model.path)
        self._verdict = messages["moderation.v1.Verdict"]

    def __call__(
        self,
        lines: "moderation.v1.Lines",
        unsafe: Optional["moderation.v1.UnsafeScore"],  # a name in quotes takes no `|`
    ) -> "moderation.v1.Verdict":
        found = [*self._of_text(lines), *self._of_picture(unsafe)]
        found.sort(key=lambda reason: -reason.decision)
        answer: Any = self._verdict(decision=found[0].decision if found else _ALLOW, lines=lines.lines)
        for reason in found:
            answer.reasons.add(code=reason.code, decision=reason.decision, line=reason.line, detail=reason.detail)
        if unsafe is not None and not unsafe.degraded:
            answer.unsafe_score = unsafe.score
        return answer

    def _of_text(self, lines: Any) -> Iterator[_Reason]:
        rules = self._rules
        for index, line in enumerate(lines.lines):
            if line.score >= rules.phrase_score:
                yield from _matches(rules.phrases, squeezed(line.text), _PHRASE, index)
            if line.score >= rules.contact_score:
                yield from _matches(rules.contacts, line.text, _CONTACT, index)
        if lines.degraded:
            yield _Reason(_NO_TEXT, _REVIEW)

    def _of_picture(self, unsafe: Any) -> Iterator[_Reason]:
        if unsafe is None:
            return
        if unsafe.degraded:
            yield _Reason(_NO_PICTURE, _REVIEW)
        elif unsafe.score >= self._rules.nudity_review:
            yield _Reason(_NUDITY, _BLOCK if unsafe.score >= self._rules.nudity_block else _REVIEW)


def _matches(patterns: tuple[Pattern, ...], text: str, code: int, line: int) -> Iterator[_Reason]:
    for pattern in patterns:
        if pattern.expression.search(text):
            yield _Reason(code, pattern.decision, line, pattern.name)
