"""Amounts without their unit, or with one of another tool → the amount that was probably meant."""

import re
from collections.abc import Mapping

from comb_compiler.source import Scalar
from comb_compiler.spec.respelling import NOTHING, Guess, Mend, spelled, written
from comb_compiler.spec.shape import Expected

__all__ = ["cores_meant", "duration_meant", "gpu_memory_meant", "share_meant", "size_meant"]

_TIME = {
    **dict.fromkeys(("us", "µs", "usec", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ms", "msec", "msecs", "milli", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
# One letter is what Docker and the JVM write for a power of 1024.
_SIZES = {
    **{f"{letter}ib": f"{letter.upper()}i" for letter in "kmgtp"},
    **{f"{letter}i": f"{letter.upper()}i" for letter in "kmgtp"},
    **{f"{letter}b": ("k" if letter == "k" else letter.upper()) for letter in "kmgtp"},
    **{letter: f"{letter.upper()}i" for letter in "kmgtp"},
}
_CORES = {
    **dict.fromkeys(("core", "cores", "cpu", "cpus", "vcpu", "vcpus", "c"), "-"),
    **dict.fromkeys(("M", "milli", "millis", "millicore", "millicores", "mcore", "mcores", "mcpu"), "m"),
}
_NUMBER = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-zµ]+)")
_MEBI = 1024**2


def duration_meant(node: Scalar, _: Expected | None) -> Mend:
    """`80`, `80 msec`"""
    if _number(node) is not None:
        return None, (f"write `{node.text}ms` or `{node.text}s`: a number alone has no unit",)
    return _unit(_TIME)(node, _)


def size_meant(node: Scalar, expected: Expected | None) -> Mend:
    """`512`, `512MB`, and `512m`, which is half a byte to Kubernetes."""
    number = _number(node)
    if number is not None:
        return _bytes(node, number)
    fix, hints = _unit(_SIZES)(node, expected)
    if fix is not None and _THOUSANDTHS.fullmatch(node.text):
        hints = (f"`m` is a thousandth in Kubernetes; {_SIZE_FORMS}",)
    return fix, hints


_SIZE_FORMS = "write a number and a unit: `512Mi`, `4Gi`, `1.5G`"
_THOUSANDTHS = re.compile(r"[0-9.]+m")


def gpu_memory_meant(node: Scalar, expected: Expected | None) -> Mend:
    """A size, or a share whose sign is missing."""
    number = _number(node)
    if number is None or number > 100:
        return size_meant(node, expected)
    share, size = _percent(number) if number <= 1 else f"{_plain(number)}%", f"{_plain(number)}Gi"
    return None, (f"did you mean `{share}` of the device, or `{size}`?",)


def share_meant(node: Scalar, _: Expected | None) -> Mend:
    """`0.5` and `0.5 %`"""
    number = _number(node)
    if number is not None and number <= 1:
        return None, (f"write `{node.text}%` or `{_percent(number)}`: a share has its sign",)
    if number is not None:
        share = f"{_plain(number)}%"
        return written(node, share) if number <= 100 else None, (f"write `{share}`: a share has its sign",)
    text = re.sub(r"\s+", "", node.text)
    is_right = re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?%", text) and text != node.text
    return (written(node, text), ()) if is_right else NOTHING


def _unit(units: Mapping[str, str]) -> Guess:
    """`80 msec` for `80ms`: a number, and a unit by another of its names."""

    def unit(node: Scalar, _: Expected | None) -> Mend:
        found = _NUMBER.fullmatch(node.text.strip()) if isinstance(node.data, str) else None
        name = units.get(found["unit"]) or units.get(found["unit"].lower()) if found else None
        if found is None or name is None or f"{found['number']}{name}" == node.text:
            return NOTHING
        text = f"{found['number']}{name if name != '-' else ''}"
        return (spelled(node, text, text, safe=False) if name == "-" else written(node, text)), ()

    return unit


cores_meant = _unit(_CORES)
"""`2 cores`, and `500M`, which no machine has."""


def _number(node: Scalar) -> float | None:
    """The value of a positive number without a unit, in quotes or not; None for anything else."""
    if isinstance(node.data, str):
        return float(node.text) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]+)?", node.text) else None
    is_number = isinstance(node.data, int | float) and not isinstance(node.data, bool)
    return node.data if is_number and 0 < node.data < _ENDLESS else None


_ENDLESS = 2**63


def _bytes(node: Scalar, number: float) -> Mend:
    """So few bytes that another unit is meant, or so many in a form that is no whole number."""
    if number == int(number) >= _MEBI:
        text = str(int(number))
        return spelled(node, text, text, safe=True), ("write bytes as a whole number, or give the number a unit",)
    if number >= _MEBI:
        return NOTHING
    text = _plain(number)
    forms = " or ".join(f"`{text}{unit}`" for unit in _likeliest_units(number))
    return None, (f"did you mean {forms}? a number alone counts bytes",)


def _likeliest_units(number: float) -> tuple[str, ...]:
    """The units in which nobody would be surprised by the number, the likeliest first."""
    if number < 1:
        return ("Gi",)
    if number < _MANY_GIBI:
        return ("Gi", "Mi")
    return ("Mi", "Gi") if number < _MANY_MEBI else ("Ki", "Mi")


_MANY_GIBI = 128
_MANY_MEBI = 128 * 1024


def _percent(number: float) -> str:
    return f"{_plain(round(number * 100, 6))}%"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"
