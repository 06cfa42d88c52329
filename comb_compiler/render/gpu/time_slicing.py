"""Turns on a device, by NVIDIA's device plugin (`sharing.timeSlicing`): what is asked for is a number of turns."""

from comb_compiler.render.gpu.dialect import Dialect, number_of

__all__ = ["DIALECT"]

DIALECT = Dialect(
    number_of("nvidia.com/gpu"),
    isolates="nothing",
    traps=(
        "two turns may be of one device, and are no more compute than one: more than one device is refused",
        "memory is not divided: a neighbour that takes too much of it ends this one too",
        "where the plugin renames the resource to `nvidia.com/gpu.shared`, the pool's `sharing.resource` says so",
    ),
)
