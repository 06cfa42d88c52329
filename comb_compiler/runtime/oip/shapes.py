"""Shapes of tensors: declared with sizes left open (-1), filled by the values."""

from collections.abc import Sequence
from math import prod

from comb_compiler.release.tensors import OPEN

__all__ = ["agrees", "filled"]


def filled(shape: Sequence[int], values: int) -> tuple[int, ...]:
    """The shape of that many values. Raises ValueError where they do not make it up."""
    inner = prod(size for size in shape if size != OPEN)
    said = f"it has {values} values, and a tensor of shape {list(shape)} takes"
    if OPEN not in shape:
        if values != inner:
            raise ValueError(f"{said} {inner}")
        return tuple(shape)
    if values % inner:
        raise ValueError(f"{said} a multiple of {inner}")
    return tuple(values // inner if size == OPEN else size for size in shape)


def agrees(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a tensor can be of both shapes."""
    return len(one) == len(other) and all(a == b or OPEN in (a, b) for a, b in zip(one, other, strict=True))
