"""What changes → Markdown for comments on a pull request, each short enough for a forge."""

import re
from collections.abc import Iterable, Iterator, Sequence

from comb_compiler.changes.lines import hunk_lines, title_of
from comb_compiler.changes.model import CombChanges, ObjectChange
from comb_compiler.changes.plain import code, plain
from comb_compiler.changes.wording import counts_text, effect_lines, folded_text, title_text
from comb_compiler.diagnostics.render.printable import printable

__all__ = ["MOST", "comments"]

MOST = 65_000
"""Bytes of a comment: forges take 65,536 characters."""
_MOST_PART = 20_000
"""Bytes of one part of an object, of which more is cut."""
_MOST_LINES = 60


def comments(title: str, changes: Sequence[CombChanges], remarks: Iterable[str] = ()) -> list[str]:
    """The comments, in order. An object is whole in one; of one that is too long for any, the last parts are left out.
    What goes on in another comment says again where it is.

    `remarks` are sentences about the whole.
    """
    blocks = [*(("", f"> {plain(one)}\n\n") for one in remarks), *(block for one in changes for block in _blocks(one))]
    parts: list[list[str]] = [[]]
    size = 0
    for again, block in blocks:
        length = len(block.encode())
        if parts[-1] and size + length > MOST - 200:
            parts.append([again])
            size = len(again.encode())
        parts[-1].append(block)
        size += length
    return [_comment(title, number, len(parts), part) for number, part in enumerate(parts, 1)]


def _comment(title: str, number: int, count: int, blocks: list[str]) -> str:
    of = f" ({number} of {count})" if count > 1 else ""
    return (
        f"<!-- comb plan {number}/{count} -->\n## What changes{of}\n\nCompared with {code(title)}\n\n{''.join(blocks)}"
    )


def _blocks(changes: CombChanges) -> Iterator[tuple[str, str]]:
    """What has to stay together, each behind what stands before it where a comment begins with it."""
    yield "", _head(changes)
    again = f"### {plain(title_text(changes))}, continued\n\n"
    for one in changes.objects:
        if not one.is_noise:
            yield again, _object(one)


def _head(changes: CombChanges) -> str:
    lines = [f"### {plain(title_text(changes))}", "", *(f"> {plain(note)}\n" for note in changes.notes)]
    if changes.is_empty:
        return "\n".join([*lines, f"Nothing changes; {changes.unchanged} objects.", "", ""])
    lines += [f"{'New here: ' if changes.is_new else ''}{counts_text(changes)}", ""]
    effects = list(effect_lines(changes))
    lines += ["| | |", "|---|---|"] if effects else []
    for line in effects:
        mark = "❌ " if line.grave else ""
        lines.append(f"| **{mark}{line.topic}** | {plain(_cut(line.text, 1000))} |")
    folded = folded_text(changes)
    return "\n".join([*lines, "", *([f"Folded: {plain(folded)}", ""] if folded else []), ""])


def _object(one: ObjectChange) -> str:
    """All of an object, folded away, as a diff in which nothing is read as Markdown."""
    lines: list[str] = []
    size = left = 0
    hunks = [hunk for hunk in one.hunks if not hunk.folded]
    for hunk in hunks:
        shown = list(hunk_lines(hunk))
        more = [f"  … {len(shown) - _MOST_LINES} more lines"] if len(shown) > _MOST_LINES else []
        at = f"  ({hunk.origin.file}:{hunk.origin.start.line})" if hunk.origin is not None else ""
        said = [f"@@ {hunk.path}{at}", *(_cut(text, 500) for text in shown[:_MOST_LINES]), *more]
        size += sum(len(text.encode()) + 1 for text in said)
        left += size > _MOST_PART
        lines += said if size <= _MOST_PART else []
    lines += [f"@@ {left} parts more: --format html has them all"] if left else []
    sign = "+" if one.fate.value == "created" else "-"
    text = one.text.split("\n")[:-1]
    lines += [f"{sign} {_cut(line, 500)}" for line in text[:_MOST_LINES]]
    lines += [f"  … {len(text) - _MOST_LINES} more lines"] if len(text) > _MOST_LINES else []
    body = "\n".join(map(printable, lines))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", body)), default=0))
    at = f" — {one.origin.file}:{one.origin.start.line}" if one.origin is not None and one.text else ""
    title = plain(title_of(one) + at)
    return f"<details><summary>{title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n\n"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
