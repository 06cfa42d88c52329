"""What processes take of GPUs."""

from typing import Any

from comb_compiler.devices.cards import Card
from comb_compiler.devices.device import Use
from comb_compiler.devices.library import Failure, Library

__all__ = ["uses_of"]

_RUNNING = (
    ("nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"),
    ("nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2"),
)
"""What lists processes that compute, by the newest of its versions: MPS lists its clients apart."""

_NONSENSE = 1 << 60
"""Bytes of which some drivers speak where they know nothing."""
_NO_SAMPLES = ("NOT_FOUND", "0")
"""What is said where nothing ran lately; pynvml takes it for a failure that nothing failed."""


def uses_of(library: Library, card: Card, since: int) -> list[Use]:
    """Each process that has memory of a card, and what it did there `since`: microseconds of Unix time.

    A card in MIG mode has none: its instances do.
    """
    if card.handle is None or card.has_instances:
        return []
    memory = _memory(library, card.handle)
    if not memory:
        return []
    try:
        uuid = library.ask("nvmlDeviceGetUUID", card.handle)
    except Failure:
        return []
    shares = _shares(library, card.handle, since)
    idle = None if shares is None else 0.0  # those that did nothing are not listed
    shares = shares or {}
    return [Use(pid, uuid, memory[pid], shares.get(pid, idle)) for pid in sorted(memory)]


def _memory(library: Library, handle: Any) -> dict[int, int | None]:
    """Process → the bytes that it has."""
    found: dict[int, int | None] = {}
    for newest, older in _RUNNING:
        try:
            listed = library.first(_question(library, newest, handle), _question(library, older, handle))
        except Failure:
            continue
        for one in listed:
            if found.get(one.pid) is None:
                found[one.pid] = one.usedGpuMemory if (one.usedGpuMemory or 0) < _NONSENSE else None
    return found


def _question(library: Library, name: str, handle: Any) -> Any:
    return lambda: library.ask(name, handle)


def _shares(library: Library, handle: Any, since: int) -> dict[int, float | None] | None:
    """Process → the share of time in which it ran, by its newest sample; None where the driver does not say."""
    try:
        samples = library.ask("nvmlDeviceGetProcessUtilization", handle, since)
    except Failure as failure:
        return {} if failure.code in _NO_SAMPLES else None
    newest = sorted(samples, key=lambda one: one.timeStamp)
    return {one.pid: one.smUtil / 100 if one.smUtil <= 100 else None for one in newest}  # some drivers say nonsense
