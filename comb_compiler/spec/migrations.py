"""Older forms of the files, brought up to today's before they are bound.

`MIGRATIONS` is the place for them: each takes the tree of one `apiVersion` to the next, keeping the places of what it
moves. There is one version yet, so the tuple is empty.
"""

from collections.abc import Callable
from typing import NamedTuple

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Scalar

__all__ = ["API_VERSION", "MIGRATIONS", "Migration", "migrate"]

API_VERSION = "comb.dev/v1"


class Migration(NamedTuple):
    """One step: a tree of the form `source` becomes one of the form `target`."""

    source: str
    target: str
    apply: Callable[[Mapping], Mapping]


MIGRATIONS: tuple[Migration, ...] = ()


def migrate(root: Mapping, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[Mapping, list[Diagnostic]]:
    """`root` in the form of `API_VERSION`; a version that is not known is said, and read as if it were that."""
    node = root.get("apiVersion")
    if not isinstance(node, Scalar) or node.data is None or node.data == API_VERSION:
        return root, []
    version = node.text
    for migration in migrations:
        if migration.source == version:
            root, version = migration.apply(root), migration.target
    if version == API_VERSION:
        return _stamped(root, node), []
    return _stamped(root, node), [_unknown(node)]


def _stamped(root: Mapping, version: Scalar) -> Mapping:
    current = Scalar(version.file, version.start, version.end, API_VERSION, API_VERSION, version.plain)
    return root.with_entries({**root.entries, "apiVersion": Entry(root.entries["apiVersion"].key, current)})


def _unknown(node: Scalar) -> Diagnostic:
    return diagnose(
        codes.UNKNOWN_API_VERSION,
        f"this Comb does not know the version `{node.text}`",
        node.span,
        path="apiVersion",
        hints=(f"write `apiVersion: {API_VERSION}`, or use the version of Comb that knows it",),
        fix=Fix(f"write `{API_VERSION}`", (Edit(node.span, API_VERSION),), Applicability.UNSAFE),
    )
