"""Whether a model on its server is what the comb declares."""

from collections.abc import Iterator, Sequence
from typing import Any

from comb_compiler.release import OipTarget
from comb_compiler.release.tensors import Tensor
from comb_compiler.runtime.oip.shapes import agrees

__all__ = ["disagreements"]


def disagreements(target: OipTarget, metadata: Any) -> tuple[str, ...]:
    """What a server's `ModelMetadataResponse` contradicts, a sentence each.

    A server may say nothing of a model's inputs, or of its outputs; then nothing is contradicted.
    """
    return (
        *_differences("input", target.inputs, metadata.inputs, is_all=True),
        *_differences("output", target.outputs, metadata.outputs, is_all=False),
    )


def _differences(what: str, declared: Sequence[Tensor], there: Sequence[Any], *, is_all: bool) -> Iterator[str]:
    if not there:
        return
    known = {one.name: one for one in there}
    names = ", ".join(f"`{name}`" for name in known)
    for tensor in declared:
        found = known.get(tensor.name)
        if found is None:
            yield f"it has no {what} `{tensor.name}`, only {names}"
        elif found.datatype != tensor.datatype:
            yield f"its {what} `{tensor.name}` is of {found.datatype}, and the comb says {tensor.datatype}"
        elif not agrees(found.shape, tensor.shape):
            shapes = f"{list(found.shape)}, and the comb says {list(tensor.shape)}"
            yield f"its {what} `{tensor.name}` has the shape {shapes}"
    given = {tensor.name for tensor in declared}
    if is_all:
        yield from (f"it has an {what} `{name}`, which the comb does not give" for name in known if name not in given)
