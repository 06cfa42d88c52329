"""Equal shares that run at once, by NVIDIA's device plugin (`sharing.mps`)."""

from comb_compiler.render.gpu.dialect import Dialect, number_of

__all__ = ["DIALECT"]

DIALECT = Dialect(
    number_of("nvidia.com/gpu"),
    isolates="memory and threads, by the MPS daemon: each share has its part of both",
    traps=(
        "all shares of a device are equal, and there are at most 48",
        "more than one device is refused: two shares may be of one",
        "not together with MIG or time-slicing on one node",
    ),
)
