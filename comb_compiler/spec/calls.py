"""Calls that YAML's flow style broke at their commas, put together again.

Inside `{…}` a comma separates entries, so `{x: f(b=c, d=e)}` is the two keys `x` and `d=e)`. It is said once, with the
repair, and the rest of the file is checked as if it had been quoted.
"""

from comb_compiler.diagnostics import Diagnostic, Edit, Fix, Span, codes
from comb_compiler.diagnostics.bounds import MOST
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Entry, Mapping, Path, Scalar
from comb_compiler.spec.places import format_path

__all__ = ["join_split_calls"]


def join_split_calls(root: Mapping, text: str) -> tuple[Mapping, list[Diagnostic]]:
    """The tree with every broken call whole again. `text` is the file's; a tree without any is returned as it is."""
    if not _is_suspect(root.data):
        return root, []
    diagnostics: list[Diagnostic] = []
    return _joined(root, text, (), diagnostics), diagnostics


def _is_suspect(data: object) -> bool:
    """Whether any key holds a `)`: no key of a comb does, so this is all that an ordinary file costs."""
    if isinstance(data, dict):
        return any(")" in key or _is_suspect(value) for key, value in data.items())
    return isinstance(data, list) and any(_is_suspect(item) for item in data)


def _joined(node: Mapping, text: str, path: Path, diagnostics: list[Diagnostic]) -> Mapping:
    entries: dict[str, Entry] = {}
    pending = list(node.entries.items())
    after = 0
    for at, (name, entry) in enumerate(pending):
        if at < after:
            continue
        here = (*path, name)
        whole, count = _whole(entry, pending[at + 1 : at + 1 + _MOST_PARTS], text) if node.flow else (None, 0)
        if whole is not None and len(diagnostics) <= MOST:
            after = at + 1 + count
            entries[name] = Entry(entry.key, whole)
            diagnostics.append(_explain(here, whole))
            continue
        value = entry.value
        joined = _joined(value, text, here, diagnostics) if isinstance(value, Mapping) else value
        entries[name] = Entry(entry.key, joined)
    return node.with_entries(entries)


_MOST_PARTS = 50


def _whole(entry: Entry, following: list[tuple[str, Entry]], text: str) -> tuple[Scalar | None, int]:
    """The call that begins in `entry`, and how many of `following` belong to it; None where none was broken."""
    value = entry.value
    if not isinstance(value, Scalar) or not value.plain or not _is_open(value.text):
        return None, 0
    for count, (_, part) in enumerate(following, start=1):
        if not (isinstance(part.value, Scalar) and part.value.is_absent):
            return None, 0
        call = text[value.start.index : part.key.end.index]
        if not _is_open(call):
            return Scalar(value.file, value.start, part.key.end, call, call, True), count
    return None, 0


def _is_open(text: str) -> bool:
    return text.count("(") > text.count(")")


def _explain(path: Path, call: Scalar) -> Diagnostic:
    quoted = '"' + call.text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    span: Span = call.span
    step = path[-2] if path[-1] == "call" and len(path) > 1 else path[-1]
    return diagnose(
        codes.SPLIT_CALL,
        f"inside `{{…}}` YAML breaks the call of the step `{step}` at its comma",
        span,
        label="these are several keys to YAML",
        path=format_path(path),
        hints=("quote the call, or write the step on a line of its own",),
        fix=Fix("quote the call", (Edit(span, quoted),)),
    )
