"""Two objects → the smallest parts in which they differ, each with its path."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.changes.lists import pairs
from comb_compiler.render.manifest import Pointer

__all__ = ["Difference", "differences", "shown_path"]

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$")


class Difference(NamedTuple):
    """A part that differs; None is what is not there.

    `path` is for people, an item of a list by its key; `pointer` leads to it in the newer object, or to what held it.
    Within a text that is JSON it goes on, with the labels of items.
    """

    path: tuple[str, ...]
    before: Any
    after: Any
    pointer: Pointer


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Everything in which two objects differ: the order of keys is nothing, that of lists only where it counts.

    JSON in a string is compared as what it says.
    """
    return list(_mappings((), before, after, (), in_text=False))


def shown_path(path: tuple[str, ...]) -> str:
    """A path as people write it: `spec.containers[comb].image`, `metadata.annotations["a.b/c"]`."""
    text = ""
    for part in path:
        if part.startswith("["):
            text += part
        elif part and set(part) <= _PLAIN:
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def _values(path: tuple[str, ...], before: Any, after: Any, pointer: Pointer, *, in_text: bool) -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(path, before, after, pointer, in_text=in_text)
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        field = next((part for part in reversed(path) if not part.startswith("[")), "")
        for pair in pairs(field, before, after, named=in_text):
            inner = pointer if pair.after is None else (*pointer, pair.label if in_text else pair.place)
            yield from _values((*path, f"[{pair.label}]"), pair.before, pair.after, inner, in_text=in_text)
    elif before != after or type(before) is not type(after):  # 1 is not true
        yield from _scalars(path, before, after, pointer, in_text=in_text)


def _mappings(
    path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any], pointer: Pointer, *, in_text: bool
) -> Iterator[Difference]:
    for key in (*after, *(one for one in before if one not in after)):
        old, new = before.get(key), after.get(key)
        inner = pointer if new is None else (*pointer, key)
        yield from _values((*path, str(key)), old, new, inner, in_text=in_text)


def _scalars(
    path: tuple[str, ...], before: Any, after: Any, pointer: Pointer, *, in_text: bool
) -> Iterator[Difference]:
    texts = [_said(one) for one in (before, after)]
    if not in_text and texts[0] is not None and texts[1] is not None:
        yield from _values(path, texts[0], texts[1], pointer, in_text=True)
        return
    yield Difference(path, before, after, pointer)


def _said(value: Any) -> Any:
    """What a text says, where it is JSON; else None."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
