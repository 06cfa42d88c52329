"""Mistreated files, and what must hold whatever a file holds.

Input number `n` of a seed is always the same, so a failure is named by two numbers. `python -m tests.support.fuzzing`
with a seed, a first number and a count judges a batch in a process of its own, where a hang or a crash of the
interpreter is a finding too.
"""

import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic, Span
from comb_compiler.diagnostics.lines import Lines
from comb_compiler.source import SourceFile, SourceSet, decode
from comb_compiler.workspace.sources import load_sources
from tests.support.horrors import HORRORS, TOKENS
from tests.support.memory import REMEMBERED, MemoryCheckout

__all__ = ["MAIN", "Pair", "corpus", "judge", "judge_pair", "mistreated", "mistreated_pair", "spans"]

MAIN = "comb.yaml"
_PLATFORM = "platform.yaml"
_ROOT = Path(__file__).parents[2]
_EXAMPLE = _ROOT / "examples" / "frame-moderation"
_CPU_SECONDS = 10.0
_LARGEST = 200_000


def corpus() -> tuple[bytes, ...]:
    """What mutation starts from: the examples, and every horror that is small enough to be changed usefully."""
    examples = sorted((_ROOT / "examples").glob("**/*.yaml"))
    seeds = [path.read_bytes() for path in examples] + [horror for horror in HORRORS if len(horror) < 2_000]
    return tuple(seeds)


def mistreated(seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """Input `number` of `seed`: one of `seeds` after a few random changes."""
    dice = random.Random(f"{seed}/{number}")
    content = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8, 40))):
        dice.choice(_CHANGES)(content, dice, seeds)
    return bytes(content[:_LARGEST])


class Pair(NamedTuple):
    """A comb, and the platform that it is checked against."""

    comb: bytes
    platform: bytes


def mistreated_pair(seed: int, number: int) -> Pair:
    """Pair `number` of `seed`: the example's comb and platform, of which one or both are mistreated."""
    whole = Pair(*((_EXAMPLE / name).read_bytes() for name in (MAIN, _PLATFORM)))
    comb, platform = (mistreated((content,), seed, number) for content in whole)
    return (Pair(comb, whole.platform), Pair(whole.comb, platform), Pair(comb, platform))[number % 3]


def _range(content: bytearray, dice: random.Random, longest: int = 60) -> slice:
    start = dice.randint(0, len(content))
    return slice(start, min(len(content), start + dice.randint(0, longest)))


def _insert_token(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    at = dice.randint(0, len(content))
    content[at:at] = dice.choice(TOKENS) * dice.choice((1, 1, 1, 3, 100))


def _replace_word(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    words = bytes(content).split()
    if words:
        content[:] = bytes(content).replace(
            dice.choice(words), dice.choice((dice.choice(TOKENS), dice.choice(words))), 1
        )


def _drop(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    del content[_range(content, dice)]


def _cut_off(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    del content[dice.randint(0, len(content)) :]


def _repeat(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    part = _range(content, dice)
    content[part] = content[part] * dice.choice((2, 3, 50))


def _splice(content: bytearray, dice: random.Random, seeds: Sequence[bytes]) -> None:
    other = bytearray(dice.choice(seeds))
    content[_range(content, dice)] = other[_range(other, dice, 400)]


def _swap_lines(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    lines = bytes(content).split(b"\n")
    a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    content[:] = b"\n".join(lines)


def _indent_line(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    lines = bytes(content).split(b"\n")
    at = dice.randrange(len(lines))
    lines[at] = dice.choice((b" ", b"   ", b"\t", b"- ", b"# ")) + lines[at]
    content[:] = b"\n".join(lines)


def _flip_byte(content: bytearray, dice: random.Random, _: Sequence[bytes]) -> None:
    if content:
        content[dice.randrange(len(content))] = dice.randrange(256)


_CHANGES = (_insert_token, _replace_word, _drop, _cut_off, _repeat, _splice, _swap_lines, _indent_line, _flip_byte)


def judge(content: bytes) -> list[str]:
    """What is wrong with how Comb takes `content`: nothing may be. Exceptions pass through."""
    return _judged(SourceSet(MAIN, {MAIN: content}), None)


def judge_pair(pair: Pair) -> list[str]:
    """The same of a comb beside a platform, with the example's other files around them."""
    around = {path.relative_to(_EXAMPLE).as_posix(): path.read_bytes() for path in _EXAMPLE.rglob("*.proto")}
    checkout = MemoryCheckout({**around, MAIN: pair.comb})
    platform = SourceSet(_PLATFORM, {_PLATFORM: pair.platform})
    return _judged(load_sources(checkout, MAIN, REMEMBERED), platform)


def _judged(sources: SourceSet, platform: SourceSet | None) -> list[str]:
    began = time.process_time()
    found = check(sources, platform, REMEMBERED).diagnostics
    spent = time.process_time() - began
    slow = [f"took {spent:.1f} s of CPU"] if spent > _CPU_SECONDS else []
    files = {**sources.files, **(platform.files if platform else {})}
    texts = {name: decode(name, content)[0] for name, content in files.items() if isinstance(content, bytes)}
    return slow + list(_misplaced(found, texts))


def _misplaced(found: Sequence[Diagnostic], texts: Mapping[str, SourceFile | None]) -> Iterator[str]:
    """Findings that point to no place. Of what is no text no place is known."""
    lines = {name: Lines(source.text) for name, source in texts.items() if source is not None}
    for diagnostic in found:
        for span in spans(diagnostic):
            if span.file not in texts:
                yield f"{diagnostic.code.id} is in no file that was given: {span}"
            elif span.file in lines:
                start, end = lines[span.file].offset(span.start), lines[span.file].offset(span.end)
                if start is None or end is None or start > end:
                    yield f"{diagnostic.code.id} is outside the file: {span}"


def spans(diagnostic: Diagnostic) -> Iterator[Span]:
    """Every place that a finding names."""
    labels = (diagnostic.primary, *diagnostic.related)
    yield from (label.span for label in labels if label is not None)
    if diagnostic.fix is not None:
        yield from (edit.span for edit in diagnostic.fix.edits)


def _main(seed: int, first: int, count: int) -> int:
    seeds = corpus()
    for number in range(first, first + count):
        print(number, flush=True)  # the last number printed names the input that hung or crashed
        wrong = judge(mistreated(seeds, seed, number)) + judge_pair(mistreated_pair(seed, number))
        if wrong:
            print(*wrong, sep="\n", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*map(int, sys.argv[1:])))
