"""What changes → values of JSON, for programs; `schemas/changes.v1.schema.json` has the form."""

from typing import Any

from comb_compiler.changes.effects import Effects, Was
from comb_compiler.changes.model import CombChanges, Hunk, ObjectChange
from comb_compiler.diagnostics import Span

__all__ = ["VERSION", "changes_json"]

VERSION = 1

_Json = dict[str, Any]


def changes_json(one: CombChanges) -> _Json:
    """All that changes of a comb in a cluster. Amounts are texts, exact."""
    return {
        "comb": one.comb,
        "environment": one.environment,
        "cluster": one.where.cluster,
        "namespace": one.where.namespace,
        "cause": None if one.cause is None else one.cause.value,
        "new": one.is_new,
        "notes": list(one.notes),
        "unchanged": one.unchanged,
        "reworded": one.reworded,
        "folded": one.folded(),
        "effects": _effects(one.effects),
        "objects": [_object(each) for each in one.objects],
    }


def _effects(effects: Effects) -> _Json:
    return {
        "models": _was(effects.models),
        "parameters": _was(effects.parameters),
        "images": _was(effects.images),
        "replicas": _was(effects.replicas),
        "arms": _was(effects.arms),
        "resources": [
            {
                "resource": one.resource,
                "before": {"least": f"{one.least_before:f}", "most": f"{one.most_before:f}"},
                "after": {"least": f"{one.least:f}", "most": f"{one.most:f}"},
                "quota": None if one.quota is None else f"{one.quota:f}",
            }
            for one in effects.usage
        ],
        "restarts": [
            {"workload": one.workload, "because": list(one.because), "byHand": one.by_hand} for one in effects.restarts
        ],
        "dataLost": list(effects.lost),
        "proven": effects.proven,
    }


def _was(facts: tuple[Was, ...]) -> list[_Json]:
    return [{"name": one.name, "before": one.before, "after": one.after} for one in facts]


def _object(one: ObjectChange) -> _Json:
    kind, namespace, name = one.identity
    return {
        "fate": one.fate.value,
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "file": one.file,
        "noise": one.is_noise,
        "origin": _origin(one.origin),
        "parts": [_hunk(hunk) for hunk in one.hunks],
        "refused": [
            {"path": each.path, "why": each.why, "documented": each.documented, "origin": _origin(each.origin)}
            for each in one.forbidden
        ],
        "text": one.text or None,
    }


def _hunk(hunk: Hunk) -> _Json:
    return {
        "path": hunk.path,
        "before": hunk.before,
        "after": hunk.after,
        "origin": _origin(hunk.origin),
        "folded": hunk.folded or None,
    }


def _origin(span: Span | None) -> _Json | None:
    return None if span is None else {"file": span.file, "line": span.start.line, "column": span.start.column}
