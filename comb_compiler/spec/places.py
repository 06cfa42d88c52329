"""From a path in the data to places in the files."""

from typing import Any, NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping, Node, Path, Scalar, Sequence

__all__ = ["Place", "empty_value", "entries_at", "field_name", "format_path", "place_of"]


class Place(NamedTuple):
    """What stands at a path: the value, its key where it has one, and the path as far as the document goes."""

    value: Node
    key: Scalar | None
    path: Path
    parent: Mapping | Sequence | None = None
    aliases: tuple[Span, ...] = ()

    @property
    def span(self) -> Span:
        """The value's place, or the key's where nothing is written as value."""
        absent = isinstance(self.value, Scalar) and self.value.is_absent
        return self.key.span if absent and self.key is not None else self.value.span

    @property
    def key_span(self) -> Span:
        """The key's place, or the value's where there is no key."""
        return self.key.span if self.key is not None else self.value.span

    def below(self, *path: str | int) -> "Place":
        """The place of `path` from here, or of as much of it as is in the document."""
        node, key, parent, aliases = self.value, self.key, self.parent, self.aliases
        reached = 0
        for step in path:
            if type(node) is Mapping:
                entry = node.entries.get(step)  # type: ignore[arg-type]
                if entry is None:
                    break
                parent, (key, node) = node, entry
            elif type(node) is Sequence and isinstance(step, int) and step < len(node.items):
                parent, key, node = node, None, node.items[step]
            else:
                break
            reached += 1
            if node.alias is not None:
                aliases = (*aliases, node.alias)
        return Place(node, key, (*self.path, *path[:reached]), parent, aliases) if reached else self

    @property
    def related(self) -> tuple[Label, ...]:
        """The aliases through which the value was reached."""
        return tuple(Label(alias, "used here, through this alias") for alias in self.aliases)


def place_of(root: Node, path: Path) -> Place:
    """The place of `path` below `root`, or of as much of it as is in the document."""
    return Place(root, None, ()).below(*path)


def entries_at(data: Any, path: Path) -> dict[str, Any]:
    """The entries of the mapping at `path`, as plain data; none where there is none."""
    for step in path:
        data = data.get(step) if type(data) is dict else None
    return data if type(data) is dict else {}


def format_path(path: Path) -> str:
    """`models.text-angle.versions."1.4.0".params[0]`"""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
            continue
        plain = step.replace("-", "").replace("_", "").replace("$", "").isalnum()
        parts.append(("." if parts else "") + (step if plain else f'"{step}"'))
    return "".join(parts)


def empty_value(place: Place) -> Diagnostic:
    """Nothing, or null, where a value belongs."""
    absent = isinstance(place.value, Scalar) and place.value.is_absent
    return diagnose(
        codes.EMPTY_VALUE,
        f"{field_name(place.path)} has no value",
        place.span,
        label="nothing is written after this" if absent else "",
        related=place.related,
        path=format_path(place.path),
        hints=("write a value, or leave the key out",),
    )


def field_name(path: Path) -> str:
    """The field as a message names it: its key, or for an item of a list the list's."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the file"
    return f"`{names[-1]}`" if isinstance(path[-1], str) else f"an item of `{names[-1]}`"
