"""An outcome for people: the answer as lines, and what took how long as a waterfall."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.runtime.client import Outcome, Timed

__all__ = ["answer_lines", "waterfall"]

_SHOWN_BYTES = 16
_BESIDE = 2 + 9 + 2 + 2 + 19
"""Columns of a line of the waterfall that are no bar: the time, the longest code, and what is between."""
_LONGEST_LINE = 60
"""Characters of a message without messages in it that is written on one line."""
_ROUNDED = 1e-4
"""Seconds by which two times that are the same may differ as they are written."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_GREEN, _RED, _DIM, _END = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


def answer_lines(message: Any, margin: str = "") -> Iterator[str]:
    """A message, a field a line: enums by name, bytes shortened, messages indented, lists by number."""
    for field, value in message.ListFields():
        if field.is_repeated:
            yield from _repeated(field, value, margin)
        elif field.message_type is not None:
            yield from _item(field, value, f"{margin}{field.name}", margin)
        else:
            yield f"{margin}{field.name}: {_scalar(field, value)}"


def _repeated(field: Any, value: Any, margin: str) -> Iterator[str]:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        inner = kind.fields_by_name["value"]
        for key in sorted(value):
            yield from _item(inner, value[key], f"{margin}{field.name}[{printable(str(key))}]", margin)
        return
    if kind is None:
        yield f"{margin}{field.name}: [{', '.join(_scalar(field, one) for one in value)}]"
        return
    for index, one in enumerate(value):
        yield from _item(field, one, f"{margin}{field.name}[{index}]", margin)


def _item(field: Any, value: Any, head: str, margin: str) -> Iterator[str]:
    if field.message_type is None:
        yield f"{head}: {_scalar(field, value)}"
        return
    below = list(answer_lines(value, f"{margin}  "))
    together = ", ".join(line.strip() for line in below)
    if len(together) <= _LONGEST_LINE and all(one.message_type is None for one, _ in value.ListFields()):
        yield f"{head}: {{{together}}}"
        return
    yield f"{head}:"
    yield from below


def _scalar(field: Any, value: Any) -> str:
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return str(known.name) if known is not None else f"{value} (unknown)"
    if isinstance(value, bytes):
        more = "…" if len(value) > _SHOWN_BYTES else ""
        return f"{len(value):,} bytes {value[:_SHOWN_BYTES].hex()}{more}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(value) if isinstance(value, str) else str(value)


def waterfall(outcome: Outcome, width: int, *, colour: bool, unicode: bool) -> Iterator[str]:
    """A line for each step, with a bar from its begin to its end; `width` columns at most."""
    ran = [step for step in outcome.steps if step.code != "SKIPPED"]
    names = max((len(step.name) for step in outcome.steps), default=0)
    names = min(max(names, len("whole")), width // 3)
    whole = max([outcome.seconds, *(step.start + step.seconds for step in ran)])
    bar = width - names - _BESIDE
    last = set(_critical(ran))
    for step in sorted(outcome.steps, key=lambda one: (one.code == "SKIPPED", one.start)):
        name = printable(step.name)
        name = name if len(name) <= names else f"{name[: names - 1]}…"
        if step.code == "SKIPPED":
            yield f"{name:<{names}}  {'':>9}  {_painted('skipped', _DIM, colour)}"
            continue
        drawn = _bar(step.start / whole, step.seconds / whole, bar, unicode=unicode)
        paint = _RED if step.code != "OK" else _GREEN if step in last else _DIM
        note = f"  {_painted(step.code, _RED, colour)}" if step.code != "OK" else ""
        yield f"{name:<{names}}  {_milliseconds(step.seconds)}  {_painted(drawn, paint, colour)}{note}".rstrip()
    yield f"{'whole':<{names}}  {_milliseconds(outcome.seconds)}"


def _critical(steps: Sequence[Timed]) -> Iterator[Timed]:
    """The steps that the end waited for: from the last one back, each time the one that ended last before it began."""
    current = max(steps, key=lambda one: one.start + one.seconds, default=None)
    while current is not None:
        yield current
        begin = current.start + 1e-4
        before = [
            one
            for one in steps
            if one is not current and one.start + one.seconds <= begin and one.start < current.start
        ]
        current = max(before, key=lambda one: one.start + one.seconds, default=None)


def _bar(start: float, share: float, width: int, *, unicode: bool) -> str:
    eighths = max(ceil(share * width * 8), 1)
    left = min(int(start * width), width - 1)
    full, rest = divmod(min(eighths, (width - left) * 8), 8)
    if not unicode:
        return " " * left + "#" * max(full, 1)
    return " " * left + _EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")


def _milliseconds(seconds: float) -> str:
    text = f"{seconds * 1000:.1f} ms" if seconds < 10 else f"{seconds:.1f} s"
    return f"{text:>9}"


def _painted(text: str, colour_code: str, colour: bool) -> str:
    return f"{colour_code}{text}{_END}" if colour and colour_code else text
