"""What a machine is called where figures of equal machines are compared."""

import os
import platform
from contextlib import suppress

__all__ = ["cores", "machine_class"]


def cores() -> int:
    """How many this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine_class() -> str:
    """As `x86_64, 2 CPUs, AMD EPYC 7763, 1 × NVIDIA L4`: what latencies and CPU time hang on, as far as it is known."""
    from comb_compiler.devices import snapshot

    cpus = cores()
    parts = [platform.machine(), f"{cpus} CPU{'s' if cpus != 1 else ''}", _model()]
    names = [one.name for one in snapshot() if not one.parent and one.name]
    parts += [f"{names.count(name)} × {name}" for name in dict.fromkeys(names)]
    return ", ".join(part for part in parts if part)


def _model() -> str:
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor()
