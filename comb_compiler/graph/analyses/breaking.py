"""Changes of the interface, or of a channel, that break who relies on what was published.

Clients know the published interface; and while a release is rolled out, operators of both versions exchange messages.
The rules are buf's (`protos.breaking`).
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from comb_compiler.diagnostics import Code, Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.bounds import MOST, too_many
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.view import View
from comb_compiler.protos import Schema
from comb_compiler.protos.breaking import Category, Change, compare, gravest
from comb_compiler.spec.comb.serving import WorkspaceScope
from comb_compiler.spec.places import Place
from comb_compiler.spec.published import channels_of

__all__ = ["Published", "check_breaking"]


class Published(NamedTuple):
    """An interface that others rely on: `title` says where it is from, as in "published in `comb.lock` at `main`".

    `method` is empty where only types are known: the comb's own is then meant. `schema` is None where the interface is
    there, but cannot be read: `problem` says why. `workspace` is the size of the one that pods of a zone share, in
    bytes; 0 where there was none, or nothing says so.
    """

    title: str
    method: str
    channels: tuple[str, ...]
    schema: Schema | None
    problem: str = ""
    workspace: int = 0


_CODES: dict[Category, Code] = {
    Category.WIRE: codes.BREAKS_WIRE,
    Category.WIRE_JSON: codes.BREAKS_JSON,
    Category.PACKAGE: codes.BREAKS_SOURCE,
    Category.FILE: codes.BREAKS_SOURCE,
}


def check_breaking(view: View, published: Published) -> Iterator[Diagnostic]:
    """What of the comb's types breaks who relies on `published`, and what Kubernetes would not change."""
    yield from _shrunk(view, published)
    if view.schema is None:
        return
    if published.schema is None:
        yield _unknown(view.bound.place("interface", "proto"), published)
        return
    method = view.bound.place("interface", "method")
    proto = view.bound.place("interface", "proto")
    old = published.method or view.comb.interface.method
    roots = {old, view.comb.interface.method, *published.channels, *channels_of(view.comb)}
    if old != view.comb.interface.method:
        yield _other_method(method, published, view.comb.interface.method)
    changes = gravest(compare(published.schema, view.schema, roots=roots))
    by_code: dict[Code, list[Change]] = {code: [] for code in (codes.BREAKS_WIRE, *_CODES.values())}
    for change in changes:
        if change.element != old or old == view.comb.interface.method:  # that it is gone is said already
            by_code[_code(change, roots)].append(change)
    for code, found in by_code.items():
        shown = [_broken(proto, published, change, roots, code) for change in found[:MOST]]
        yield from shown
        if found[MOST:]:
            yield _more(shown[-1], len(found) - MOST, found[MOST].span or proto.span)


def _more(last: Diagnostic, count: int, span: Span) -> Diagnostic:
    """How many changes like the last that is told are not; as grave as those."""
    message = f"and {count:,} more {'change' if count == 1 else 'changes'} of this sort, {last.code.name}"
    return too_many(span)._replace(message=message, severity=last.severity)


def _shrunk(view: View, published: Published) -> Iterator[Diagnostic]:
    """A claim on a file system can grow and not shrink: the API server refuses the whole release."""
    workspace = view.comb.storage.workspace
    if workspace is None or workspace.shared is not WorkspaceScope.ZONE or workspace.size >= published.workspace:
        return
    yield diagnose(
        codes.SHRUNK_WORKSPACE,
        f"the workspace had {_size(published.workspace)}, and a volume never shrinks",
        view.bound.place("storage", "workspace", "size").span,
        path="storage.workspace.size",
        hints=(f"keep `size: {_size(published.workspace)}`, or give each pod one of its own with `shared: pod`",),
    )


def _size(amount: int) -> str:
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if amount % factor == 0:
            return f"{amount // factor}{unit}"
    return str(amount)


def _unknown(place: Place, published: Published) -> Diagnostic:
    return diagnose(
        codes.NOTHING_TO_COMPARE,
        f"whether clients break cannot be told: {published.problem}",
        place.span,
        path="interface.proto",
        hints=("mend it there, or compare with an older revision that has none",),
    )


def _other_method(place: Place, published: Published, method: str) -> Diagnostic:
    return diagnose(
        codes.BREAKS_WIRE,
        f"clients call `{published.method}`, and the comb would answer `{method}`",
        place.span,
        path="interface.method",
        hints=(
            f"keep `{published.method}`, and give the new method a comb of its own until its clients have moved",
            f"the old interface is {published.title}",
        ),
    )


def _code(change: Change, roots: Collection[str]) -> Code:
    return codes.BREAKS_WIRE if change.element in roots else _CODES[change.category]


def _broken(place: Place, published: Published, change: Change, roots: Collection[str], code: Code) -> Diagnostic:
    category = Category.WIRE if change.element in roots else change.category
    related = (Label(place.span, f"its interface is {published.title}"),) if change.span is not None else ()
    return diagnose(
        code,
        change.message,
        change.span or place.span,
        related=related,
        path="interface.proto" if change.span is None else "",
        hints=(change.hint, f"rule {change.rule} of buf's category {category.name}"),
    )
