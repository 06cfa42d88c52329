"""Whether two texts say the same: the check behind everything that the formatter writes.

It compares what libyaml reads, not the formatter's own tree, so that a mistake in the tree is found too.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from comb_compiler.source.compose import Parsed
from comb_compiler.source.formatting.lexemes import comments_of
from comb_compiler.source.scalars import resolve

__all__ = ["difference"]


def difference(before: str, after: str, parsed_before: Parsed, parsed_after: Parsed) -> str:
    """What of `before` is not in `after` as it was; empty if all is. Both are texts that `comments_of` takes."""
    data_before = [document.data for document in _roots(parsed_before)]
    if data_before != [document.data for document in _roots(parsed_after)]:
        return "data"
    if _outline(before) != _outline(after):
        return "structure"
    if Counter(comments_of(before)) != Counter(comments_of(after)):
        return "comments"
    return ""


def _roots(parsed: Parsed) -> Iterator[Any]:
    return (document.root for document in parsed.documents)


def _outline(text: str) -> list[Any]:
    """The nodes of a text as nested lists; the entries of the outermost mapping in the order of their keys."""
    stack: list[list[Any]] = [[]]
    for event in yaml.parse(text, Loader=yaml.CLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append([type(event).__name__, bool(event.flow_style), event.tag, event.anchor])
        elif isinstance(event, yaml.CollectionEndEvent):
            collection = stack.pop()
            stack[-1].append(_unordered(collection) if len(stack) == 1 else collection)
        elif isinstance(event, yaml.ScalarEvent):
            stack[-1].append((event.tag, event.anchor, *_reading(event)))
        elif isinstance(event, yaml.AliasEvent):
            stack[-1].append(("*", event.anchor))
    return stack[0]


def _reading(event: Any) -> tuple[str, str]:
    """How readers take a scalar: as text whatever it says, as text to some of them only, or as what it looks like."""
    is_plain = not event.style
    if not is_plain or event.tag is not None:
        return ("plain" if is_plain and event.tag is not None else "text"), event.value
    resolved = resolve(event.value)
    return resolved.elsewhere or ("text" if isinstance(resolved.value, str) else "plain"), event.value


def _unordered(collection: list[Any]) -> list[Any]:
    if collection[0] != "MappingStartEvent":
        return collection
    pairs = zip(collection[4::2], collection[5::2], strict=True)
    return [*collection[:4], *sorted(pairs, key=lambda pair: repr(pair[0]))]
