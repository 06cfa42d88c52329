"""One mistake, one finding: what is said only because something else is wrong already."""

import re
from collections.abc import Iterable

from comb_compiler.diagnostics import Diagnostic, Severity, Span, codes
from comb_compiler.spec.foreign import nests_steps

__all__ = ["without_echoes"]

_SPOILED = (codes.UNDEFINED_ALIAS, codes.UNSUPPORTED_TAG, codes.COMPLEX_KEY)
"""What makes a value unreadable: whatever else is said of the value is only an echo."""

_NEEDS_QUOTES = (codes.AMBIGUOUS_SCALAR, codes.UNQUOTED_KEY)

_NO_FILE = (codes.FILE_NOT_FOUND, codes.OUTSIDE_ROOT, codes.NOT_A_REGULAR_FILE)
"""What is to be expected of a path that is none."""

_NOT_TO_BE_LOCKED = (*_NO_FILE, codes.BREAKS_WIRE, codes.BREAKS_JSON, codes.SEVERAL_DOCUMENTS)
"""Where `comb lock` is no advice: it would write nothing, or what is wrong, or of a document that was not meant."""


def without_echoes(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """`found` without what follows from something else that is said.

    That is what is said of a spoiled value, that something needs quotes which is wrong with them too, that a file is
    missing whose path is none, that a priority is a number which the platform does not have anyway, that nothing pins
    a file that is missing or whose digest is misspelt, that a field is missing which stands under another name or
    which YAML 1.1 would merge in, that a graph with the nested steps of another tool names no answer, and that a lock
    does not agree with what is wrong itself. What is said of one value through several aliases is said once.
    """
    findings = _merged(found)
    spoiled = [one for one in findings if one.code in _SPOILED]
    wrong = {_span(one) for one in findings if one.severity is Severity.ERROR and one.code not in _NEEDS_QUOTES}
    echoes: dict[codes.Code, set[Span | None]] = {
        **dict.fromkeys(_NEEDS_QUOTES, wrong),
        **dict.fromkeys(_NO_FILE, _spans(findings, (codes.BAD_PATH,))),
        codes.UNPINNED_ARTIFACT: _spans(findings, _NO_FILE),
        codes.WRONG_TYPE: _spans(findings, (codes.UNKNOWN_PRIORITY,)),
    }
    twice = {one.path for one in findings if one.code is codes.DUPLICATE_KEY}
    is_one_model_twice = any(path.startswith("models.") for path in twice)
    if is_one_model_twice or any(one.code in _NOT_TO_BE_LOCKED for one in findings):
        echoes[codes.STALE_LOCK] = _spans(findings, (codes.STALE_LOCK,))
    return [
        one
        for one in findings
        if not _is_echo(one, spoiled, echoes.get(one.code, set()))
        and not _lacks_what_is_misspelt(one, findings)
        and not _lacks_what_is_called_otherwise(one, findings)
        and not _lacks_what_is_given_twice(one, twice)
        and not _lacks_what_is_nested(one, findings)
        and not _is_of_a_merge(one, findings)
    ]


def _lacks_what_is_misspelt(finding: Diagnostic, findings: list[Diagnostic]) -> bool:
    """Whether an artifact has no digest, and beside it stands a key that is none and may have been meant to be it."""
    if finding.code is not codes.UNPINNED_ARTIFACT:
        return False
    beside = finding.path.removesuffix("artifact")
    return any(one.code is codes.UNKNOWN_KEY and one.path.startswith(beside) for one in findings)


def _lacks_what_is_called_otherwise(finding: Diagnostic, findings: list[Diagnostic]) -> bool:
    """Whether a field is missing beside a key that is none, of which it is said that the field is to be written."""
    if finding.code is not codes.MISSING_KEY:
        return False
    is_one_of = _is_one_of(finding)
    owner = finding.path if is_one_of else finding.path.rpartition(".")[0]
    unknown = (one for one in findings if one.code is codes.UNKNOWN_KEY and one.path.rpartition(".")[0] == owner)
    meant = {found[1] for one in unknown for hint in one.hints if (found := re.match(_WRITE, hint))}
    return any(f"`{name}`" in finding.message if is_one_of else finding.path == f"{owner}.{name}" for name in meant)


def _lacks_what_is_given_twice(finding: Diagnostic, twice: set[str]) -> bool:
    """Whether a field is missing beside a key that is given twice, and may have been meant to be it."""
    if finding.code is not codes.MISSING_KEY:
        return False
    owners = {path.rpartition(".")[0] for path in twice}
    return (finding.path if _is_one_of(finding) else finding.path.rpartition(".")[0]) in owners


def _is_one_of(finding: Diagnostic) -> bool:
    """Whether a missing key may be one of several, so that the path is their owner's."""
    return " needs one of " in finding.message


_WRITE = r"write `(\w+):"


def _lacks_what_is_nested(finding: Diagnostic, findings: list[Diagnostic]) -> bool:
    """Whether a graph does not say which step answers, and is another tool's, whose steps are below one."""
    if finding.code is not codes.MISSING_RETURN:
        return False
    unknown = (one.path for one in findings if one.code is codes.UNKNOWN_KEY)
    return any(path.startswith("graph.") and nests_steps(path.rpartition(".")[2]) for path in unknown)


def _is_of_a_merge(finding: Diagnostic, findings: list[Diagnostic]) -> bool:
    """Whether it is about what stands below a `<<`, which is said, or misses what YAML 1.1 would merge in there."""
    if not any(one.code is codes.MERGE_KEY for one in findings):
        return False
    merged = {one.path.removesuffix(_MERGE).rstrip(".") for one in findings if one.path.endswith(_MERGE)}
    is_missing = finding.code in (codes.MISSING_KEY, codes.MISSING_RETURN)
    lacking = is_missing and (finding.path in merged or finding.path.rpartition(".")[0] in merged)
    return lacking or _MERGE in finding.path


_MERGE = '"<<"'


def _is_echo(finding: Diagnostic, spoiled: list[Diagnostic], echoes: set[Span | None]) -> bool:
    span = _span(finding)
    if finding.code in _SPOILED or span is None:
        return False
    return span in echoes or any(_touches(span, _span(one)) for one in spoiled)


def _spans(findings: Iterable[Diagnostic], wanted: tuple[codes.Code, ...]) -> set[Span | None]:
    return {_span(one) for one in findings if one.code in wanted}


def _touches(span: Span, spoiled: Span | None) -> bool:
    """Whether a value is the spoiled one or a part of it, or has it as a key of its own: what lies around it stays."""
    if spoiled is None or span.file != spoiled.file:
        return False
    inside = spoiled.start <= span.start and span.end <= spoiled.end
    just_around = span.start.line == spoiled.start.line and span.start.column + 1 == spoiled.start.column
    return inside or (just_around and span.end >= spoiled.end)


def _merged(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Equal findings about one place as one, with the aliases of all."""
    merged: dict[object, Diagnostic] = {}
    for finding in found:
        kind = (finding.code, finding.primary, finding.message)
        first = merged.setdefault(kind, finding)
        new = tuple(label for label in finding.related if label not in first.related)
        if first is not finding and new:
            merged[kind] = first._replace(related=(*first.related, *new))
    return list(merged.values())


def _span(finding: Diagnostic) -> Span | None:
    return finding.primary.span if finding.primary else None
