"""Figures of earlier loads, in a file for each comb: a line of JSON for each step of a run."""

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["Past", "add_history_argument", "append", "load_past"]


def add_history_argument(parser: argparse.ArgumentParser) -> None:
    """`--history DIR`."""
    parser.add_argument(
        "--history", metavar="DIR", type=Path, help="where figures of earlier loads are kept (default: the cache)"
    )


class Past(NamedTuple):
    """What was found on machines of one class: by rate, then by figure, in the order of their time.

    `flaws` are the numbers of lines that cannot be read, and count for nothing.
    """

    figures: Mapping[float, Mapping[str, Sequence[float]]]
    flaws: tuple[int, ...] = ()


def load_past(directory: Path, comb: str, machine: str) -> Past:
    """Raises OutsideFailure where there is a file and it cannot be read."""
    figures: dict[float, dict[str, list[float]]] = {}
    flaws = []
    for number, line in enumerate(_lines(directory / f"{comb}.jsonl"), 1):
        try:
            form = json.loads(line)
            if form["machine"] != machine:
                continue
            rate, kept = _figure(form["rate"]), {str(name): _figure(one) for name, one in form["figures"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            flaws.append(number)
            continue
        for name, value in kept.items():
            figures.setdefault(rate, {}).setdefault(name, []).append(value)
    return Past(figures, tuple(flaws))


def _figure(value: object) -> float:
    """Raises ValueError of what is none: with NaN, all would be as usual."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise ValueError(value)
    return float(value)


def _lines(file: Path) -> list[bytes]:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise OutsideFailure(f"the history of loads cannot be read: {file}: {problem.strerror}") from problem
    return [line for line in content.split(b"\n") if line.strip()]


def append(directory: Path, comb: str, forms: Sequence[Mapping[str, object]]) -> None:
    """Add lines, all of them or none, beside others who do so at the same time. Raises OutsideFailure."""
    content = "".join(json.dumps(form, sort_keys=True) + "\n" for form in forms).encode()
    file = directory / f"{comb}.jsonl"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            written = os.write(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise OutsideFailure(f"the history of loads cannot be written: {file}: {problem.strerror}") from problem
    if written != len(content):
        raise OutsideFailure(f"the history of loads cannot be written: {file}: no space left on device")
