"""What is said of a graph's steps."""

from collections.abc import Sequence

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.calls import CallError
from comb_compiler.graph.model import REQUEST, Source
from comb_compiler.source import Mapping
from comb_compiler.spec.checks.names import part_of, unknown_name
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.wording import listed

__all__ = ["bad_call", "bad_return", "missing_return", "unknown_step"]


def bad_call(place: Place, error: CallError) -> Diagnostic:
    """A text that is no call, or no source."""
    span = part_of(place, error.start, error.end)
    fix = None
    if error.mend is not None and part_of(place, 0, 0) != place.value.span:  # else the text is written in another way
        edit = Edit(part_of(place, error.mend.start, error.mend.end), error.mend.text)
        fix = Fix(error.mend.title, (edit,), Applicability.UNSAFE)
    path = format_path(place.path)
    return diagnose(codes.BAD_CALL, error.message, span, path=path, hints=(error.hint,), fix=fix)


def missing_return(graph: Place, unused: Sequence[str]) -> Diagnostic:
    """A graph without an answer; `unused` are the steps that no other uses."""
    fix, hint = None, "write `return: <step>`, usually the last one"
    if len(unused) == 1:
        hint = f"write `return: {unused[0]}`: it is the step that no other uses"
        fix = _returning(graph.value, unused[0]) if isinstance(graph.value, Mapping) else None
    elif unused:
        hint = f"write `return: <step>`; no other uses {listed(unused)}"
    message = "the graph does not say which step answers"
    return diagnose(codes.MISSING_RETURN, message, graph.key_span, path="graph", hints=(hint,), fix=fix)


def _returning(graph: Mapping, step: str) -> Fix:
    """`return: step` behind the last entry."""
    last = list(graph.entries.values())[-1]
    end = last.value.span.end
    separator = ", " if graph.flow else "\n" + " " * (last.key.span.start.column - 1)
    edit = Edit(Span(graph.file, end, end), f"{separator}return: {step}")
    return Fix(f"write `return: {step}`", (edit,), Applicability.UNSAFE)


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
    finding = unknown_name(place, codes.UNKNOWN_STEP, name, meant, "step", hints=hints, at=source.span)
    if hints and len(meant) == 1 and part_of(place, 0, 0) != place.value.span:
        fix = Fix(f"write `{meant[0]}`", (Edit(source.span, meant[0]),), Applicability.UNSAFE)
        return finding._replace(fix=fix)
    return finding._replace(fix=None) if hints else finding
