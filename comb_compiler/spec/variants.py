"""What is said of a comb and of its variants, each mistake once and where it was made."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Span
from comb_compiler.source import Mapping, Node, Path, Sequence
from comb_compiler.spec.places import format_path

__all__ = ["Findings", "Overlaid"]


class Overlaid(NamedTuple):
    """The overlay that makes a variant: `path` is where it stands, `name` the key that names it, `title` what it is."""

    overlay: Node
    path: Path
    name: Span
    title: str

    @property
    def environment(self) -> str | None:
        """The environment that it is, if it is one."""
        return str(self.path[1]) if self.path[0] == "environments" else None

    def tell(self, finding: Diagnostic) -> Diagnostic:
        """A finding about the variant, shown where the overlay has its part in it.

        Where none of the places is in the overlay, such as when it takes away what others rely on, it is named besides.
        """
        primary = finding.primary
        if primary is None:
            return finding
        if _is_inside(primary.span, self.overlay.span):
            return finding._replace(path=f"{format_path(self.path)}.{finding.path}" if finding.path else "")
        inside = next((label for label in finding.related if _is_inside(label.span, self.overlay.span)), None)
        if inside is None:
            cause = Label(self.name, f"in {self.title}")
            return finding._replace(related=(*finding.related, cause))
        others = tuple(label for label in finding.related if label is not inside)
        below = _path_of(self.overlay, inside.span)
        return finding._replace(
            primary=inside,
            related=(Label(primary.span, primary.text or "together with this"), *others),
            path=format_path((*self.path, *below)) if below is not None else finding.path,
        )


def _is_inside(span: Span, outer: Span) -> bool:
    return span.file == outer.file and outer.start <= span.start and span.end <= outer.end


def _path_of(node: Node, span: Span) -> Path | None:
    """The path of the value that stands at exactly `span`."""
    return next((path for path, below in _walk(node, ()) if below.span == span), None)


def _walk(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    yield path, node
    if isinstance(node, Mapping):
        for text, entry in node.entries.items():
            yield from _walk(entry.value, (*path, text))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _walk(item, (*path, index))


class Findings:
    """Gathers what is said: of the comb as written all, of a variant only what is not said of the comb already."""

    def __init__(self) -> None:
        self.all: list[Diagnostic] = []
        self._known: set[object] = set()

    def add(self, found: Iterable[Diagnostic], of: Overlaid | None = None) -> None:
        """Add findings about the comb, or about a variant of it."""
        for finding in found:
            if of is None:
                self._known.add(_kind(finding))
                self.all.append(finding)
            elif _kind(finding) not in self._known:
                self.all.append(of.tell(finding))


def _kind(finding: Diagnostic) -> object:
    """What makes two findings the same mistake; the path does not, since a variant has a value at another one."""
    return finding.code, finding.primary, finding.message
