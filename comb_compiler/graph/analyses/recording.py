"""What is recorded: paths lead to fields, patterns end soon, and rules are conditions that decide something."""

from collections.abc import Collection, Generator, Iterator

from comb_compiler.cel import Mistake
from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.paths import followed
from comb_compiler.graph.analyses.sources import kind_of
from comb_compiler.graph.conditions import Parsed, check_conditions, read_condition, used_variables
from comb_compiler.graph.findings import bad_condition
from comb_compiler.graph.model import REQUEST
from comb_compiler.graph.view import View
from comb_compiler.protos import Field
from comb_compiler.release.patterns import NAMED, expression_of, unsafe
from comb_compiler.source import Node
from comb_compiler.spec.checks.names import part_of, unknown_name
from comb_compiler.spec.places import Place, format_path
from comb_compiler.spec.suggest import did_you_mean

__all__ = ["check_recording", "steps_of_rule"]

_REQUEST = REQUEST.lstrip("$")


def check_recording(view: View) -> Iterator[Diagnostic]:
    """Of a variant that records as the comb as written does, only the rules that name a step which it touches."""
    if not view.bound.is_sound("recording"):
        return
    changes = view.changes
    if changes is None or _written(view) is not _written(changes.base):
        yield from _paths(view)
        yield from _patterns(view)
        yield from _rules(view, view.comb.recording.marks)
    else:
        touched = frozenset(changes.touched)
        marks = view.comb.recording.marks
        yield from _rules(view, {name for name, one in marks.items() if touched & {*steps_of_rule(view, one.when)}})


def _written(view: View) -> Node:
    return view.bound.place("recording").value


def steps_of_rule(view: View, text: str) -> tuple[str, ...]:
    """The steps that a rule names, each once."""
    parsed = read_condition(text).parsed
    if parsed is None:
        return ()
    return tuple(dict.fromkeys(use.name for use in used_variables(parsed, view.graph.steps, view.schema)))


# --- paths ---


def _paths(view: View) -> Iterator[Diagnostic]:
    recording = view.comb.recording
    for index, path in enumerate(recording.redact):
        yield from _path(view, view.bound.place("recording", "redact", index), path)
    for index, path in enumerate(recording.files):
        place = view.bound.place("recording", "files", index)
        if path.partition(".")[0] != _REQUEST:
            message = f"files are named by the request, and `{path}` begins otherwise"
            yield _bad_path(place, place.span, message, f"write `{_REQUEST}.…`")
            continue
        field = yield from _path(view, place, path)
        if field is not None and field.kind != "string":
            message = f"`{field.name}` is {_kind(view, field)}, and names no file"
            last = len(path) - len(field.name)
            yield _bad_path(place, part_of(place, last, len(path)), message, "name a field that is text")


def _path(view: View, place: Place, path: str) -> Generator[Diagnostic, None, Field | None]:
    """The field that a path leads to; None where that is not known, or there is none, which is said."""
    first, *names = path.split(".")
    if first != _REQUEST and first not in view.graph.steps:
        if not view.graph.has_errors:
            known = (_REQUEST, *view.graph.steps)
            yield unknown_name(place, codes.UNKNOWN_STEP, first, known, "step", at=part_of(place, 0, len(first)))
        return None
    if not names:
        message = f"`{path}` is a whole message"
        yield _bad_path(place, place.span, message, f"name a field of it: `{path}.…`")
        return None
    message_type = view.types.get(REQUEST if first == _REQUEST else first)
    return (yield from followed(view, place, len(first) + 1, message_type, names, codes.BAD_RECORDED_PATH))


def _bad_path(place: Place, span: Span, message: str, hint: str, related: tuple[Label, ...] = ()) -> Diagnostic:
    path = format_path(place.path)
    return diagnose(codes.BAD_RECORDED_PATH, message, span, related=related, path=path, hints=(hint,))


def _kind(view: View, field: Field) -> str:
    return kind_of(view.schema, field) if view.schema is not None else f"a {field.kind}"


# --- patterns ---


def _patterns(view: View) -> Iterator[Diagnostic]:
    for index, pattern in enumerate(view.comb.recording.patterns):
        place = view.bound.place("recording", "patterns", index)
        try:
            why = "" if pattern in NAMED else unsafe(expression_of(pattern))
        except ValueError:
            hints = did_you_mean(pattern, NAMED, "pattern")
            hint = "write a regular expression between slashes: `/…/`"
            yield _bad_pattern(place, f"there is no pattern `{pattern}`", (*hints, hint))
            continue
        if why:
            yield _bad_pattern(place, f"the pattern `{pattern}` cannot be used: {why}", ())


def _bad_pattern(place: Place, message: str, hints: tuple[str, ...]) -> Diagnostic:
    return diagnose(codes.BAD_PATTERN, message, place.span, path=format_path(place.path), hints=hints)


# --- rules ---


def _rules(view: View, names: Collection[str]) -> Iterator[Diagnostic]:
    read: dict[str, tuple[Place, Parsed]] = {}
    for name, rule in view.comb.recording.marks.items():
        if name not in names:
            continue
        place = view.bound.place("recording", "marks", name, "when")
        reading = read_condition(rule.when)
        if reading.parsed is None:
            yield from (bad_condition(place, mistake) for mistake in reading.errors)
        else:
            read[name] = (place, reading.parsed)
    wrong: dict[str, tuple[Mistake, ...]] = {}
    if read and view.schema is not None and REQUEST in view.types:
        parsed = {name: one for name, (_, one) in read.items()}
        wrong = check_conditions(parsed, view.scope, view.descriptors, view.memo)
    for name, (place, one) in read.items():
        if name in wrong:
            yield from (bad_condition(place, mistake) for mistake in wrong[name])
            continue
        holds = view.constancy(one)
        if holds is not None:
            yield _constant(place, name, holds)


def _constant(place: Place, name: str, holds: bool) -> Diagnostic:
    when = "always holds, so that every request is marked" if holds else "never holds, so that it marks nothing"
    message = f"the rule `{name}` {when}"
    hints = ("take the rule away, or mend its condition",)
    return diagnose(codes.CONSTANT_CONDITION, message, place.span, path=format_path(place.path), hints=hints)
