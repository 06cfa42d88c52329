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

    A file without a kind, or with an unknown one, is taken for what it looks like.
    """
    node = root.get("kind")
    if isinstance(node, Scalar) and node.text in KINDS and isinstance(node.data, str):
        return node.text, root, []
    looks_like = "Platform" if "clusters" in root.entries else "Comb"
    if not isinstance(node, Scalar) or node.data is None:
        return looks_like, root, []
    kind = closest(node.text, KINDS) or looks_like
    assumed = Scalar(node.file, node.start, node.end, kind, kind, node.plain)
    return kind, root.with_entries({**root.entries, "kind": Entry(root.entries["kind"].key, assumed)}), [_unknown(node)]


def _unknown(node: Scalar) -> Diagnostic:
    match = closest(node.text, KINDS)
    fix = Fix(f"write `{match}`", (Edit(node.span, match),), Applicability.UNSAFE) if match else None
    message = f"there is no kind `{node.text}` in {API_VERSION}"
    hints = did_you_mean(node.text, KINDS, "kind")
    return diagnose(codes.UNKNOWN_KIND, message, node.span, path="kind", hints=hints, fix=fix)
