"""SARIF 2.1.0: for GitHub code scanning, and for every viewer that reads the standard."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from comb_compiler import __version__
from comb_compiler.diagnostics.codes import Code, Severity
from comb_compiler.diagnostics.explain import explain, paragraph_below, sentence
from comb_compiler.diagnostics.model import Applicability, Diagnostic, in_reading_order
from comb_compiler.diagnostics.render import _sarif_parts as sarif
from comb_compiler.diagnostics.render._fingerprint import fingerprints

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST = 5000
"""Results of one run that GitHub shows; it drops the others and does not say so."""
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_GRAVITY = tuple(Severity)


def render(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str]) -> str:
    """One run. What concerns no file is a notification: GitHub refuses a whole report for one result without a place.

    The gravest results are kept where there are too many, and a notification counts the others.
    """
    found = in_reading_order(diagnostics)
    placed = [item for item in found if item.primary]
    kept = _gravest(placed)
    rules = sorted({item.code for item in found}, key=lambda code: code.id)
    marks = dict(zip(placed, fingerprints(placed, texts), strict=True))
    notices = [_unplaced(item, rules) for item in found if not item.primary]
    if len(kept) < len(placed):
        shown = set(kept)
        notices.append(_hidden([item for item in placed if item not in shown]))
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "newlineSequences": ["\r\n", "\n", "\r"],
        "originalUriBaseIds": {sarif.ROOT: {"description": {"text": "The root of the checkout."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notices}],
        "results": [_result(item, rules, marks[item]) for item in kept],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _gravest(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """As many as are shown, in the order they came."""
    if len(found) <= _MOST:
        return list(found)
    kept = set(sorted(found, key=lambda item: _GRAVITY.index(item.severity))[:_MOST])
    return [item for item in found if item in kept]


def _driver(rules: Sequence[Code]) -> sarif.Json:
    return {
        "name": "comb",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in rules],
    }


def _rule(code: Code) -> sarif.Json:
    page = explain(code)
    return {
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": sentence(page)},
        "fullDescription": {"text": paragraph_below(page, "## What it is")},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
        "properties": {"tags": ["comb"], "precision": "very-high", "problem.severity": _PROBLEMS[code.severity]},
    }


def _result(diagnostic: Diagnostic, rules: Sequence[Code], fingerprint: str) -> sarif.Json:
    """A result. Its fingerprint is our own; GitHub's (primaryLocationLineHash) is left to the action that uploads."""
    assert diagnostic.primary is not None
    place = sarif.location(diagnostic.primary)
    if diagnostic.path:
        place["logicalLocations"] = [{"fullyQualifiedName": diagnostic.path}]
    related = [{"id": number, **sarif.location(label)} for number, label in enumerate(diagnostic.related, 1)]
    fix = diagnostic.fix
    offered = fix is not None and fix.edits and fix.applicability is not Applicability.DISPLAY
    return {
        "ruleId": diagnostic.code.id,
        "ruleIndex": rules.index(diagnostic.code),
        "level": _LEVELS[diagnostic.severity],
        "message": _said(diagnostic),
        "locations": [place],
        "partialFingerprints": {"combFinding/v1": fingerprint},
        **({"relatedLocations": related} if related else {}),
        **({"fixes": [sarif.fix(fix)]} if fix is not None and offered else {}),
    }


def _said(diagnostic: Diagnostic) -> sarif.Json:
    """The sentence first, since narrow views show no more; then the advice."""
    sentences = (diagnostic.message, *(f"Help: {hint}" for hint in diagnostic.hints))
    return sarif.message(
        "\n".join(sentence if sentence.endswith((".", "!", "?")) else f"{sentence}." for sentence in sentences)
    )


def _unplaced(diagnostic: Diagnostic, rules: Sequence[Code]) -> sarif.Json:
    rule = {"id": diagnostic.code.id, "index": rules.index(diagnostic.code)}
    return {"level": _LEVELS[diagnostic.severity], "message": _said(diagnostic), "associatedRule": rule}


def _hidden(left: Sequence[Diagnostic]) -> sarif.Json:
    counted = Counter(item.severity for item in left)
    counts = ", ".join(f"{number} of severity {severity.value}" for severity, number in counted.items())
    text = f"{len(left)} findings are not shown here, since a report holds {_MOST}: {counts}. `comb check` prints all."
    return {"level": "warning", "message": {"text": text}}
