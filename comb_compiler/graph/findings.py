"""What is said of a graph's steps."""

import re
from collections.abc import Sequence

from comb_compiler.cel import Mend, Mistake
from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.conditions import Use
from comb_compiler.graph.model import REQUEST, Source
from comb_compiler.source import Mapping, Scalar
from comb_compiler.spec.checks.names import part_of, unknown_name
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.wording import listed

__all__ = [
    "appended",
    "bad_call",
    "bad_condition",
    "bad_return",
    "constant_condition",
    "empty_return",
    "misnamed_return",
    "missing_return",
    "repaired",
    "return_with",
    "unguarded_condition",
    "unknown_step",
    "unnameable_step",
]


def bad_call(place: Place, error: Mistake) -> Diagnostic:
    """A text that is no call, or no source."""
    return _in_text(codes.BAD_CALL, place, error.message, error.start, error.end, error.hint, error.mend)


def bad_condition(place: Place, error: Mistake) -> Diagnostic:
    """A text that is no condition over the messages that are there."""
    return _in_text(codes.BAD_CONDITION, place, error.message, error.start, error.end, error.hint, error.mend)


def constant_condition(place: Place, step: str, holds: bool) -> Diagnostic:
    """A condition that decides nothing."""
    when, hint = ("always", "leave `when` out") if holds else ("never", "take the step away, or mend the condition")
    runs = "so that the step always runs" if holds else "so that the step never runs"
    message = f"the condition of `{step}` {when} holds, {runs}"
    return diagnose(codes.CONSTANT_CONDITION, message, place.span, path=format_path(place.path), hints=(hint,))


def unnameable_step(place: Place, name: str, asked: Sequence[Span]) -> Diagnostic:
    """A step that conditions ask for by a name which is no name in CEL. `place` is the step's, `asked` are theirs."""
    return diagnose(
        codes.BAD_CONDITION,
        f"a condition asks for the step `{name}`, and CEL takes `{name}` for a word of its own",
        place.key_span,
        label="rename this step",
        related=tuple(Label(span, "asked for here") for span in asked),
        path=format_path(place.path),
        hints=(f"give the step another name, such as `{name}_step`, wherever it is named",),
    )


def unguarded_condition(place: Place, use: Use, reason: Label) -> Diagnostic:
    """A condition that asks what a step gave which may have given nothing."""
    return diagnose(
        codes.UNGUARDED_CONDITION,
        f"`{use.name}` may give nothing, and this condition asks what it gave",
        part_of(place, use.start, use.end),
        related=(reason,),
        path=format_path(place.path),
        hints=(f"ask first whether it is there: `{use.name} != null && …`",),
    )


def _in_text(
    code: codes.Code, place: Place, message: str, start: int, end: int, hint: str, mend: Mend | None
) -> Diagnostic:
    fix = repaired(place, mend) if mend is not None else None
    span = part_of(place, start, end)
    return diagnose(code, message, span, path=format_path(place.path), hints=(hint,) if hint else (), fix=fix)


def repaired(place: Place, mend: Mend) -> Fix | None:
    """The repair of a text; None where its places in the file are not known."""
    edit = _mended(place, mend)
    return Fix(mend.title, (edit,), Applicability.UNSAFE) if edit is not None else None


def _mended(place: Place, mend: Mend) -> Edit | None:
    """The repair in the text alone, or the whole of it in quotes where YAML would read the repaired text otherwise."""
    value = place.value
    if not isinstance(value, Scalar) or part_of(place, 0, 0) == value.span:
        return None  # the text is written in another way
    text = value.text[: mend.start] + mend.text + value.text[mend.end :]
    put: str | None = mend.text
    if value.plain:
        in_braces = place.parent is not None and place.parent.flow
        unsafe = _NOT_IN_BRACES if in_braces else _NOT_PLAIN
        plainly = re.match(_PLAIN_START, text) and not re.search(unsafe, mend.text) and text not in _WORDS
        put = mend.text if plainly else None
    elif value.source:
        put = value.replacement(mend.start, mend.end, mend.text)
    if put is not None:
        return Edit(part_of(place, mend.start, mend.end), put)
    return Edit(value.span, _quoted(text)) if "\n" not in text else None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_PLAIN_START = r"[A-Za-z0-9_(.$]"
_NOT_PLAIN = r"[#:]"
_NOT_IN_BRACES = r"[#:,\[\]{}]"
_WORDS = ("true", "false", "null")
"""What YAML takes for something else than text."""


def missing_return(graph: Place, unused: Sequence[str]) -> Diagnostic:
    """A graph without an answer; `unused` are the steps that no other uses."""
    fix, hint = None, "write `return: <step>`, usually the last one"
    if len(unused) == 1:
        hint = f"write `return: {unused[0]}`: it is the step that no other uses"
        fix = appended(graph.value, "return", unused[0]) if isinstance(graph.value, Mapping) else None
    elif unused:
        hint = f"write `return: <step>`; no other uses {listed(unused)}"
    message = "the graph does not say which step answers"
    return diagnose(codes.MISSING_RETURN, message, graph.key_span, path="graph", hints=(hint,), fix=fix)


def misnamed_return(graph: Place, name: str, answer: str) -> Diagnostic:
    """A graph without an answer, and with an entry `name` that names a step and calls nothing: it is meant."""
    place = graph.below(name)
    fix = Fix("write `return`", (Edit(place.key_span, "return"),), Applicability.UNSAFE)
    return diagnose(
        codes.MISSING_RETURN,
        f"the graph does not say which step answers: `{name}` is the name of a step, and `{answer}` is no call",
        place.key_span,
        path=format_path(place.path),
        hints=(f"did you mean `return`? `return: {answer}` answers with what that step gives",),
        fix=fix,
    )


def appended(mapping: Mapping, key: str, value: str) -> Fix | None:
    """`key: value` behind the last entry; None where there is none."""
    if not mapping.entries:
        return None
    last = list(mapping.entries.values())[-1]
    end = last.value.span.end
    separator = ", " if mapping.flow else "\n" + " " * (last.key.span.start.column - 1)
    edit = Edit(Span(mapping.file, end, end), f"{separator}{key}: {value}")
    return Fix(f"write `{key}: {value}`", (edit,), Applicability.UNSAFE)


def bad_return(place: Place, name: str, known: tuple[str, ...]) -> Diagnostic:
    """A `return` that names no step."""
    path = format_path(place.path)
    if "(" in name:
        message = f"`return` names a step, and `{name}` is a call"
        hint = "give the call a step of its own, and name it here"
        return diagnose(codes.BAD_CALL, message, place.span, path=path, hints=(hint,))
    if name.startswith("$"):
        message = f"`return` names a step, and `{name}` is none"
        return diagnose(codes.BAD_CALL, message, place.span, path=path, hints=("name the step that answers",))
    if name.partition(".")[0] in known:
        message = f"`return` names a whole step, and `{name}` is a field of its answer"
        hint = "build the answer by an operator, and return its step"
        return diagnose(codes.BAD_CALL, message, place.span, path=path, hints=(hint,))
    return unknown_name(place, codes.UNKNOWN_STEP, name, known, "step")


def empty_return(place: Place) -> Diagnostic:
    """A `return` in the long form with nothing in it."""
    message, hint = "`return` does not say which step answers", "write `return: <step>`"
    return diagnose(codes.MISSING_RETURN, message, place.span, path=format_path(place.path), hints=(hint,))


def return_with(place: Place, field: str) -> Diagnostic:
    """A `return` with what only a step has."""
    message = f"`return` names a step, and has no `{field}` of its own"
    hint = "write `return: <step>`" + ("" if field in ("operator", "in") else f", and `{field}` in that step")
    return diagnose(codes.BAD_CALL, message, place.key_span, path=format_path(place.path), hints=(hint,))


def unknown_step(
    place: Place, source: Source, known: Sequence[str], calling: Sequence[str], operators: Sequence[str]
) -> Diagnostic:
    """A source that is no step; `calling` are the steps that call an operator of that name."""
    name = source.step
    hints: tuple[str, ...] = ()
    meant = known
    if name == REQUEST.lstrip("$"):
        hints, meant = (f"the request is `{REQUEST}`",), (REQUEST,)
    elif name in operators and calling:
        steps = listed(calling)
        hints, meant = (f"`{name}` is an operator, which {steps} {'calls' if len(calling) == 1 else 'call'}",), calling
    elif name in operators:
        hints, meant = (f"`{name}` is an operator: give it a step, and name that",), ()
    elif not known:
        hints = ("there is no other step",)
    finding = unknown_name(place, codes.UNKNOWN_STEP, name, meant, "step", hints=hints, at=source.span)
    if hints and len(meant) == 1 and part_of(place, 0, 0) != place.value.span:
        fix = Fix(f"write `{meant[0]}`", (Edit(source.span, meant[0]),), Applicability.UNSAFE)
        return finding._replace(fix=fix)
    return finding._replace(fix=None) if hints else finding
