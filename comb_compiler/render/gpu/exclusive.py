"""Whole devices, by NVIDIA's device plugin."""

from comb_compiler.render.gpu.dialect import Dialect, number_of

__all__ = ["DIALECT"]

DIALECT = Dialect(
    number_of("nvidia.com/gpu"),
    isolates="everything: nobody else uses the device",
    traps=("what is not asked of a device is wasted; `comb plan` says how much",),
)
