"""Looking at all GPUs, and at all processes on them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from comb_compiler.devices.cards import cards, described
from comb_compiler.devices.device import Devices, Use
from comb_compiler.devices.library import Failure, opened
from comb_compiler.devices.processes import uses_of

__all__ = ["kept_open", "of_process", "snapshot", "uses"]

_LATELY = 2.0
"""Seconds back for which it counts what a process did."""


def snapshot() -> Devices:
    """Every GPU of this machine, each followed by its instances, as they are now."""
    try:
        with opened() as library:
            found = [described(library, card) for card in cards(library)]
    except Failure as failure:
        return Devices(because=str(failure))
    return Devices(found, "" if found else "the NVIDIA driver knows of no GPU")


def uses() -> tuple[Use, ...]:
    """What every process takes of every GPU, as far as the driver shows: from within a container often its own only.

    Process ids are the driver's. Where nothing can be asked there are none; `snapshot` says why.
    """
    since = int((time.time() - _LATELY) * 1e6)
    try:
        with opened() as library:
            return tuple(use for card in cards(library) for use in uses_of(library, card, since))
    except Failure:
        return ()


def of_process(pid: int) -> tuple[Use, ...]:
    """What one process takes of each GPU, or instance, that it has memory of."""
    return tuple(use for use in uses() if use.pid == pid)


@contextmanager
def kept_open() -> Iterator[None]:
    """NVML stays open: for who looks often, since where nobody holds it, to open it takes up to seconds."""
    with ExitStack() as stack:
        with suppress(Failure):  # who looks will be told
            stack.enter_context(opened())
        yield
