"""What an arm and an environment may change: one table for the checks and for the editors' schema."""

from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping, Node
from comb_compiler.spec.places import format_path

__all__ = ["ARM_SCOPE", "ENVIRONMENT_SCOPE", "Scope", "outside_scope"]

Scope = dict[str, "Scope | None"]
"""Keys that an overlay may hold; None allows all below, `*` stands for any name."""

ARM_SCOPE: Scope = {"models": None, "operators": None, "graph": None}

ENVIRONMENT_SCOPE: Scope = {
    "metadata": {"labels": None},
    "operators": {
        "*": dict.fromkeys(("resources", "devices", "affinity", "priority", "timeout", "batch", "scale")),
    },
    "storage": None,
    "recording": None,
    "experiment": {"key": None, "salt": None, "arms": {"*": {"weight": None}}},
    "rollout": None,
    "sla": None,
    "gates": None,
}

_SUBJECT = {"models", "operators", "graph", "interface", "experiment"}


def outside_scope(overlay: Node, scope: Scope, whose: str) -> list[Diagnostic]:
    """What `overlay` changes and may not; `whose` is "an arm" or "an environment"."""
    return [_explain(path, key, whose) for path, key in _outside(overlay, scope, ())]


def _outside(node: Node, scope: Scope, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Node]]:
    found: list[tuple[tuple[str, ...], Node]] = []
    if not isinstance(node, Mapping):
        return found
    for text, (key, value) in node.entries.items():
        name = text if text in scope else "*"
        if name not in scope:
            found.append(((*path, text), key))
            continue
        below = scope[name]
        if below is None:
            continue
        if value.data is None and name == "*":
            found.append(((*path, text), key))
        found += _outside(value, below, (*path, text))
    return found


def _explain(path: tuple[str, ...], key: Node, whose: str) -> Diagnostic:
    field = format_path(path)
    if whose == "an environment" and path[0] in _SUBJECT:
        return diagnose(
            codes.ENVIRONMENT_CHANGES_SUBJECT,
            f"an environment cannot change `{field}`: the gates prove it for all environments at once",
            key.span,
            hints=(
                "change it for the whole comb, or try it on some users with an arm of `experiment`",
                "an environment may change resources, devices, affinity, priority, timeout, batch and scale",
            ),
        )
    return diagnose(
        codes.OVERLAY_NOT_ALLOWED,
        f"{whose} cannot change `{field}`",
        key.span,
        hints=("an arm may change models, operators and graph",) if whose == "an arm" else ("set it for the comb",),
    )
