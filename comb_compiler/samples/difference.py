"""Two sample sets → what differs between them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.samples.model import Sample, SampleSet

__all__ = ["Changed", "SetDifference", "difference"]


class Changed(NamedTuple):
    """A sample that is in both sets: what of it differs, as `request.frame.format` or `marks`."""

    name: str
    parts: tuple[str, ...]


class SetDifference(NamedTuple):
    """What differs, by sample: `moved` has pairs of names under which the same sample is in the two sets."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    changed: tuple[Changed, ...] = ()
    same: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the two sets are the same, names included."""
        return not (self.added or self.removed or self.moved or self.changed)


def difference(before: SampleSet, after: SampleSet) -> SetDifference:
    """What differs from one set to the other."""
    old = {one.name: one for one in before.samples}
    new = {one.name: one for one in after.samples}
    added, removed = [name for name in new if name not in old], [name for name in old if name not in new]
    moved = list(_moved(removed, added, old, new))
    both = [name for name in new if name in old]
    changed = [Changed(name, tuple(_parts(old[name], new[name]))) for name in both if old[name] != new[name]]
    gone, come = {one for one, _ in moved}, {other for _, other in moved}
    return SetDifference(
        tuple(name for name in added if name not in come),
        tuple(name for name in removed if name not in gone),
        tuple(moved),
        tuple(changed),
        len(both) - len(changed),
    )


def _moved(
    removed: list[str], added: list[str], old: Mapping[str, Sample], new: Mapping[str, Sample]
) -> Iterator[tuple[str, str]]:
    by_digest: dict[str, list[str]] = {}
    for name in added:
        by_digest.setdefault(new[name].digest, []).append(name)
    for name in removed:
        others = by_digest.get(old[name].digest)
        if others:
            yield name, others.pop(0)


def _parts(before: Sample, after: Sample) -> list[str]:
    found = ["request"] if before.kept != after.kept else [*_paths(before.request, after.request, "request")]
    found += _paths(before.expected, after.expected, "expected")
    found += [part for part in ("error", "about", "marks") if getattr(before, part) != getattr(after, part)]
    return found or ["how its files are written"]


def _paths(before: Any, after: Any, place: str) -> Iterator[str]:
    """The places at which two values in JSON differ, as deep as both have the same shape."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            if name not in before or name not in after:
                yield f"{place}.{name}"
            else:
                yield from _paths(before[name], after[name], f"{place}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _paths(one, other, f"{place}[{index}]")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield place
