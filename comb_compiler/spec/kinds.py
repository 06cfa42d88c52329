"""What a file says that it is."""

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Scalar
from comb_compiler.spec.migrations import API_VERSION
from comb_compiler.spec.suggest import closest, did_you_mean

__all__ = ["KINDS", "kind_of", "of_another_tool"]

KINDS = ("Comb", "Platform")
_GROUP = API_VERSION.partition("/")[0]


def of_another_tool(root: Mapping) -> Diagnostic | None:
    """The finding that a file is a manifest of Kubernetes, say: what it lacks to be a comb need not be told."""
    kind, version = root.get("kind"), root.get("apiVersion")
    if not isinstance(kind, Scalar) or not isinstance(version, Scalar) or not isinstance(version.data, str):
        return None
    if version.text.startswith(_GROUP) or closest(kind.text, KINDS) or closest(version.text, (API_VERSION,)):
        return None
    return diagnose(
        codes.UNKNOWN_KIND,
        f"a `{kind.text}` of `{version.text}` is no file for Comb",
        kind.span,
        related=(Label(version.span, "another tool's"),),
        path="kind",
        hints=(f"a comb begins with `apiVersion: {API_VERSION}` and `kind: Comb`",),
    )


def kind_of(root: Mapping) -> tuple[str, Mapping, list[Diagnostic]]:
    """The declared kind, the file as one of that kind, and what is wrong with the declaration.

    A file without a kind, with an unknown one or with the keys of the other is taken for what it looks like.
    """
    node = root.get("kind")
    if isinstance(node, Scalar) and node.text in KINDS and isinstance(node.data, str):
        return _as_its_keys_say(root, node)
    looks_like = _looks_like(root)
    if not isinstance(node, Scalar) or node.data is None:
        return looks_like, root, []
    kind = closest(node.text, KINDS) or looks_like
    return kind, _taken_for(root, node, kind), [_unknown(node)]


def _looks_like(root: Mapping) -> str:
    """What a file is by its keys; a comb where they do not say."""
    is_platform = any(name in root.entries for name in _KEYS["Platform"])
    return "Platform" if is_platform and not any(name in root.entries for name in _KEYS["Comb"]) else "Comb"


def _taken_for(root: Mapping, node: Scalar, kind: str) -> Mapping:
    assumed = Scalar(node.file, node.start, node.end, kind, kind, node.plain)
    return root.with_entries({**root.entries, "kind": Entry(root.entries["kind"].key, assumed)})


def _as_its_keys_say(root: Mapping, node: Scalar) -> tuple[str, Mapping, list[Diagnostic]]:
    """The declared kind, or the other where the file has several keys that only that has, and none of its own."""
    (other,) = (kind for kind in KINDS if kind != node.text)
    theirs = [root.entries[name].key for name in _KEYS[other] if name in root.entries]
    if len(theirs) < _ENOUGH or any(name in root.entries for name in _KEYS[node.text]):
        return node.text, root, []
    finding = diagnose(
        codes.UNKNOWN_KIND,
        f"this file declares a {node.text}, and holds what a {other} does",
        node.span,
        related=tuple(Label(key.span, f"a field of a {other}") for key in theirs),
        path="kind",
        hints=(f"write `kind: {other}`",),
        fix=Fix(f"write `{other}`", (Edit(node.span, other if node.plain else f'"{other}"'),), Applicability.UNSAFE),
    )
    return other, _taken_for(root, node, other), [finding]


_KEYS = {
    "Comb": ("interface", "operators", "graph"),
    "Platform": ("clusters", "environmentRepository", "registry"),
}
"""What each needs, and the other has not."""
_ENOUGH = 2


def _unknown(node: Scalar) -> Diagnostic:
    match = closest(node.text, KINDS)
    fix = Fix(f"write `{match}`", (Edit(node.span, match),), Applicability.UNSAFE) if match else None
    message = f"there is no kind `{node.text}` in {API_VERSION}"
    hints = did_you_mean(node.text, KINDS, "kind")
    return diagnose(codes.UNKNOWN_KIND, message, node.span, path="kind", hints=hints, fix=fix)
