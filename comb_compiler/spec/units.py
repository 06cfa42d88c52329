"""Values with a unit, as people write them: `80ms`, `4Gi`, `20%`, `500m`.

Each type reads the written form into an exact value, and raises a `PydanticCustomError` whose *type* the binder's table
maps to a diagnostic; pydantic's own messages are never shown.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic_core import PydanticCustomError

from comb_compiler.spec.shapes import JsonSchema, Reader

__all__ = ["Bytes", "Cores", "Duration", "GpuMemory", "GpuMemoryAmount", "Ratio", "format_duration"]

_DURATION = re.compile(r"(?P<number>-?[0-9]{1,12}(?:\.[0-9]{1,6})?)(?P<unit>us|ms|s|m|h|d)")
_MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_BYTES = re.compile(r"(?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,6})?)(?P<unit>Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?")
_FACTORS = {
    **{unit: 1024**power for power, unit in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi"))},
    **{unit: 1000**power for power, unit in enumerate(("", "k", "M", "G", "T", "P"))},
}
_PERCENT = re.compile(r"(?P<number>-?[0-9]{1,9}(?:\.[0-9]{1,6})?)%")
_CORES = re.compile(r"(?:(?P<cores>-?[0-9]{1,6}(?:\.[0-9]{1,3})?)|(?P<milli>-?[0-9]{1,9})m)")


T = TypeVar("T")


def _reader(parse: Callable[[Any], T]) -> Reader:
    """The reader that `parse` is; what it read lately from the same text it does not read again."""
    known = lru_cache(maxsize=512)(parse)
    return Reader(lambda value: known(value) if type(value) is str else parse(value))


def _refuse(kind: str, value: Any) -> PydanticCustomError:
    return PydanticCustomError(kind, "not a {kind}", {"kind": kind, "value": value})


def parse_duration(value: Any) -> timedelta:
    """`80ms`, `1.5s`, `10m`, `30d`; positive and whole in microseconds."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _refuse("duration", value)
    microseconds = Decimal(match["number"]) * _MICROSECONDS[match["unit"]]
    if microseconds <= 0 or microseconds != int(microseconds) or microseconds > _MICROSECONDS["d"] * 3660:
        raise _refuse("duration_range", value)
    return timedelta(microseconds=int(microseconds))


def format_duration(value: timedelta) -> str:
    """As a person writes it, and exact: `99.96s`, `2.5ms`, `10m`. The inverse of `parse_duration`."""
    microseconds = value // timedelta(microseconds=1)
    whole = next((unit for unit in ("d", "h", "m") if microseconds % _MICROSECONDS[unit] == 0), None)
    unit = whole or next(unit for unit in ("s", "ms", "us") if microseconds >= _MICROSECONDS[unit] or unit == "us")
    number = Decimal(microseconds) / _MICROSECONDS[unit]
    return f"{number.normalize():f}{unit}"


LEAST_BYTES = 1024**2
"""No process, volume or device has less: whoever writes `512` means another unit than bytes."""


def parse_bytes(value: Any, kind: str = "size") -> int:
    """`4Gi`, `512Mi`, `1.5G`, or a whole number of bytes; at least `LEAST_BYTES`."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    match = _BYTES.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _refuse(kind, value)
    size = Decimal(match["number"]) * _FACTORS[match["unit"] or ""]
    if size <= 0 or size != int(size) or size >= 2**63:
        raise _refuse("size_range", value)
    if size < LEAST_BYTES:
        raise _refuse(f"{kind}_small", int(size))
    return int(size)


def parse_ratio(value: Any) -> Decimal:
    """`0.5%` as 0.005; from 0% to 100%."""
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _refuse("percentage", value)
    ratio = Decimal(match["number"]) / 100
    if not 0 <= ratio <= 1:
        raise _refuse("percentage_range", value)
    return ratio


def parse_cores(value: Any) -> Decimal:
    """`1`, `0.5` or `500m` of a CPU core; positive, in thousandths."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    match = _CORES.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _refuse("cores", value)
    cores = Decimal(match["cores"]) if match["cores"] else Decimal(match["milli"]) / 1000
    if cores <= 0:
        raise _refuse("cores_range", value)
    return cores


class GpuMemoryAmount(NamedTuple):
    """GPU memory, absolute or as a share of whatever device it lands on: exactly one is set."""

    bytes: int | None = None
    share: Decimal | None = None


def parse_gpu_memory(value: Any) -> GpuMemoryAmount:
    """`4Gi` or `25%`."""
    if isinstance(value, str) and value.endswith("%"):
        share = parse_ratio(value)
        if share == 0:
            raise _refuse("percentage_range", value)
        return GpuMemoryAmount(share=share)
    return GpuMemoryAmount(bytes=parse_bytes(value, "gpu_memory"))


def _text(pattern: str, description: str, *examples: str) -> JsonSchema:
    return JsonSchema({"type": "string", "pattern": pattern, "description": description, "examples": list(examples)})


# What is no amount at all (`0s`) is refused here too; how much is too much is not told by a pattern.
_DURATION_SCHEMA = r"^(?!0+(\.0+)?[a-z])[0-9]{1,12}(\.[0-9]{1,6})?(us|ms|s|m|h|d)$"
_BYTES_SCHEMA = r"^(?!0+(\.0+)?[A-Za-z])([0-9]{7,15}|[0-9]{1,15}(\.[0-9]{1,6})?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P))$"
_RATIO_SCHEMA = r"^(100(\.0{1,6})?|0?[0-9]{1,2}(\.[0-9]{1,6})?)%$"
_CORES_SCHEMA = r"^(?!0+(\.0+)?(m|$))([0-9]{1,6}(\.[0-9]{1,3})?|[0-9]{1,9}m)$"
_BYTES_FORMS = [{"type": "string", "pattern": _BYTES_SCHEMA}, {"type": "integer", "minimum": LEAST_BYTES}]

Duration = Annotated[
    timedelta,
    _reader(parse_duration),
    _text(_DURATION_SCHEMA, "A duration: a number and one of us, ms, s, m, h, d.", "80ms", "30s", "30d"),
]
Ratio = Annotated[
    Decimal,
    _reader(parse_ratio),
    _text(_RATIO_SCHEMA, "A percentage from 0% to 100%.", "99.5%", "1%"),
]
Bytes = Annotated[
    int,
    _reader(parse_bytes),
    JsonSchema({"description": "A size in bytes, with a unit.", "anyOf": _BYTES_FORMS, "examples": ["4Gi"]}),
]
Cores = Annotated[
    Decimal,
    _reader(parse_cores),
    JsonSchema(
        {
            "description": "CPU cores: a number, or thousandths with `m`.",
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 999_999.999},
                {"type": "string", "pattern": _CORES_SCHEMA},
            ],
            "examples": [1, "500m"],
        }
    ),
]
GpuMemory = Annotated[
    GpuMemoryAmount,
    _reader(parse_gpu_memory),
    JsonSchema(
        {
            "description": "GPU memory per device: absolute, or a share of the device.",
            "anyOf": [*_BYTES_FORMS, {"type": "string", "pattern": r"^(?!0+(\.0+)?%)" + _RATIO_SCHEMA[1:]}],
            "examples": ["4Gi", "25%"],
        }
    ),
]
