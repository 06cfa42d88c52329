"""What images are built on, by class of device: as options say, else the platform, else comb.lock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.images.targets import parse_target
from comb_compiler.spec.basepins import PinnedBase

if TYPE_CHECKING:
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import Base

__all__ = ["FORM", "Chosen", "Locked", "chosen_bases", "in_words"]

FORM = "CLASS=oci:DIR[@NAME]|FILE|IMAGE"
_OTHERS = "cpu"


class Locked(NamedTuple):
    """What comb.lock says of bases: those that it pins, and the kinds that it has wheels for."""

    bases: Sequence[PinnedBase] = ()
    targets: Sequence[str] = ()


class Chosen(NamedTuple):
    """A base, and who says that it is the one, as `as comb.lock pins it`."""

    base: "Base"
    why: str


def chosen_bases(
    given: Iterable[str],
    platform: Mapping[str, str],
    devices: Iterable[str],
    layout: "ImageLayout",
    locked: "Locked",
) -> dict[str, Chosen]:
    """The base of each class of device, whose blobs are in the layout afterwards.

    `given` are options, which win over the platform's; the one for `cpu` is for classes without one of their own. Where
    neither says one, comb.lock's is taken.
    Raises UsageError for want of one, ImageError for what is none, and OutsideFailure where a registry fails.
    """
    asked = dict(_split(one) for one in given)
    places = {**platform, **asked}
    opened: dict[str, Base] = {}
    found = {}
    for device in sorted(devices):
        named = device if places.get(device) else _OTHERS
        place, why = places.get(named), "as --base says" if named in asked else "as the platform says"
        if place is None:
            place, why = _default(device, locked), "as comb.lock pins it"
        if place not in opened:
            opened[place] = _opened(place, layout)
        found[device] = Chosen(opened[place], why)
    return found


def in_words(chosen: Mapping[str, Chosen], layout: "ImageLayout") -> Iterator[str]:
    """What each base is, for which classes and why; and whose drivers cannot be loaded there."""
    from comb_compiler.images.bases import look_into

    alike: dict[tuple[str, str], list[str]] = {}
    for device, one in chosen.items():
        alike.setdefault((one.base.digest, one.why), []).append(device)
    for devices in alike.values():
        base, why = chosen[devices[0]]
        found = look_into(base, layout)
        yield f"{', '.join(devices)}: on {base.name}, {why}: {found.words}, {base.config['architecture']}"
        lacking = [device for device in devices if device != _OTHERS]
        if found.libc == "musl" and lacking:
            yield (
                f"{', '.join(lacking)}: drivers of GPUs are built for glibc, and {base.name} has musl: "
                f"name a base with glibc, by --base {lacking[0]}=IMAGE or by `registry.base` of the platform"
            )


def _default(device: str, locked: Locked) -> str:
    """The base that comb.lock pins. Raises UsageError that says which one would do where it pins none."""
    if len(locked.bases) == 1:
        return str(locked.bases[0])
    say = f"say it by --base {device}=IMAGE, or by `registry.base` of the platform"
    if locked.bases:
        raise UsageError(f"which base for {device}? comb.lock pins {len(locked.bases)}; {say}")
    target = next((one for one in map(parse_target, locked.targets) if one is not None), None)
    if target is None:
        raise UsageError(f"which base for {device}? {say}; or pin one by `comb lock . --base IMAGE:TAG`")
    why = "has all wheels for musl" if target.libc == "musl" else "has wheels for glibc"
    wanted = f"docker.io/library/python:3.{target.python[1]}-{'alpine' if target.libc == 'musl' else 'slim'}"
    raise UsageError(f"which base for {device}? comb.lock {why}: pin one by `comb lock . --base {wanted}`, or {say}")


def _split(one: str) -> tuple[str, str]:
    device, equals, place = one.partition("=")
    if not equals or not place:
        raise UsageError(f"--base {one}: write {FORM}, as cpu=oci:base")
    return device, place


def _opened(place: str, layout: "ImageLayout") -> "Base":
    from comb_compiler.images.bases import open_archive, open_layout
    from comb_compiler.images.layout import ImageLayout

    kind, colon, rest = place.partition(":")
    if kind == "oci" and colon:
        where, _, name = rest.partition("@")
        source = ImageLayout(Path(where))
        base = open_layout(source, name)
        layout.take(source, base.layers)
        return base
    if "@" in place and not Path(place).exists():
        return _pulled(place, layout)
    return open_archive(Path(place), layout)


def _pulled(place: str, layout: "ImageLayout") -> "Base":
    from comb_compiler.cli.image.registries import asking_registries, connect
    from comb_compiler.images.names import parse_reference

    image = parse_reference(place)
    with asking_registries():
        from comb_compiler.images.pulling import pull_base
        from comb_compiler.images.registry import Repository

        return pull_base(image, Repository(connect(image), image.repository), layout)
