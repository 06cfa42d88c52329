"""Handles of GPUs and of their instances, and what each says of itself."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from comb_compiler.devices.device import Device
from comb_compiler.devices.library import Failure, Library

__all__ = ["Card", "cards", "described"]

_SLOWED_BY = (
    (0x04, "power cap"),
    (0x08, "hardware slowdown"),
    (0x10, "sync boost"),
    (0x20, "heat"),
    (0x40, "heat, by hardware"),
    (0x80, "power brake"),
    (0x200, "board limit"),
    (0x400, "reliability"),
)
"""NVML's bits that stand for a clock below what was asked for."""
_GPU, _SM, _MEMORY = 0, 1, 2  # NVML_TEMPERATURE_GPU, NVML_CLOCK_SM, NVML_CLOCK_MEM


class Card(NamedTuple):
    """A GPU, or an instance of one. `handle` is None where it cannot be had, and `missing` says why."""

    number: int
    handle: Any
    parent: str = ""
    has_instances: bool = False
    missing: tuple[tuple[str, str], ...] = ()


def cards(library: Library) -> Iterator[Card]:
    """All GPUs, each followed by its instances. Raises Failure where they cannot be counted."""
    for index in range(library.ask("nvmlDeviceGetCount")):
        try:
            handle = library.ask("nvmlDeviceGetHandleByIndex", index)
        except Failure as failure:
            yield Card(index, None, missing=(("device", str(failure)),))
            continue
        yield from _with_instances(library, index, handle)


def _with_instances(library: Library, index: int, handle: Any) -> Iterator[Card]:
    try:
        is_divided = library.ask("nvmlDeviceGetMigMode", handle)[0] == 1
        most = library.ask("nvmlDeviceGetMaxMigDeviceCount", handle) if is_divided else 0
    except Failure:  # what cannot be divided says NOT_SUPPORTED
        is_divided, most = False, 0
    instances, missing = [], []
    parent = _uuid(library, handle) if is_divided else ""
    for number in range(most):
        try:
            instances.append(Card(index, library.ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, number), parent))
        except Failure as failure:
            if failure.code != "NOT_FOUND":  # the places need not all be taken
                missing.append((f"instance {number}", str(failure)))
    yield Card(index, handle, "", is_divided, tuple(missing))
    yield from instances


def _uuid(library: Library, handle: Any) -> str:
    try:
        return str(library.ask("nvmlDeviceGetUUID", handle))
    except Failure:
        return ""


def described(library: Library, card: Card) -> Device:
    """What a card says of itself now."""
    device = Device(card.number, parent=card.parent, has_instances=card.has_instances)
    if card.handle is None:
        return device._replace(missing=card.missing)
    told: dict[str, Any] = {}
    missing = list(card.missing)
    questions = _OF_ALL if card.parent else _OF_ALL + _OF_GPUS
    for fields, question in questions:
        try:
            told.update(zip(fields, question(library, card.handle), strict=True))
        except Failure as failure:
            missing.extend((field, str(failure)) for field in fields)
    return device._replace(**told, missing=tuple(missing))


_Question = Callable[[Library, Any], tuple[Any, ...]]


def _asked(name: str, *arguments: Any, by: Callable[[Any], Any] = lambda value: value) -> _Question:
    return lambda library, handle: (by(library.ask(name, handle, *arguments)),)


def _memory(library: Library, handle: Any) -> tuple[int, int]:
    """Used and in all. The first version of the answer counts what the driver reserves as used."""
    version = library.constant("nvmlMemory_v2")
    told = library.first(
        lambda: library.ask("nvmlDeviceGetMemoryInfo", handle, version),
        lambda: library.ask("nvmlDeviceGetMemoryInfo", handle),
    )
    return told.used, told.total


def _temperature(library: Library, handle: Any) -> tuple[int]:
    ways = (
        lambda: library.ask("nvmlDeviceGetTemperatureV", handle, _GPU),
        lambda: library.ask("nvmlDeviceGetTemperature", handle, _GPU),
    )
    return (library.first(*ways),)


def _slowed_by(library: Library, handle: Any) -> tuple[tuple[str, ...]]:
    bits = library.first(
        lambda: library.ask("nvmlDeviceGetCurrentClocksEventReasons", handle),
        lambda: library.ask("nvmlDeviceGetCurrentClocksThrottleReasons", handle),
    )
    return (tuple(name for bit, name in _SLOWED_BY if bits & bit),)


def _watts(milliwatts: int) -> float:
    return milliwatts / 1000


_OF_ALL: tuple[tuple[tuple[str, ...], _Question], ...] = (
    (("uuid",), _asked("nvmlDeviceGetUUID")),
    (("name",), _asked("nvmlDeviceGetName")),
    (("memory_used", "memory_total"), _memory),
)
_OF_GPUS: tuple[tuple[tuple[str, ...], _Question], ...] = (
    (("utilization",), _asked("nvmlDeviceGetUtilizationRates", by=lambda rates: rates.gpu / 100)),
    (("power",), _asked("nvmlDeviceGetPowerUsage", by=_watts)),
    (("power_limit",), _asked("nvmlDeviceGetEnforcedPowerLimit", by=_watts)),
    (("temperature",), _temperature),
    (("clock",), _asked("nvmlDeviceGetClockInfo", _SM)),
    (("clock_limit",), _asked("nvmlDeviceGetMaxClockInfo", _SM)),
    (("memory_clock",), _asked("nvmlDeviceGetClockInfo", _MEMORY)),
    (("slowed_by",), _slowed_by),
)
