"""MIG slices, by NVIDIA's device plugin with the strategy `mixed`: a resource for each profile."""

from comb_compiler.render.gpu.dialect import Dialect, number_of

__all__ = ["DIALECT"]

DIALECT = Dialect(
    number_of("nvidia.com/mig-{profile}"),
    isolates="memory and compute, by the hardware",
    traps=(
        "the smallest profile that has what is asked for is taken; `comb plan` says what is wasted",
        "profiles are those that `devices` of platform.yaml names; a device without any has no MIG",
        "`slices` of a pool say into what its devices are cut, of several profiles, too: no others are asked for",
        "without them a device has room for all that NVIDIA's table of placements has room for",
        "several profiles on such devices never fit in any order: where one slice is cut decides where others begin",
        "more than one device is refused: two slices may be of one, and a process uses one slice, whatever it is given",
    ),
)
