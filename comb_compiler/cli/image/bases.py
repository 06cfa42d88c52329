"""What images are built on: a base for each class of device, as options say, or else the platform."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError

if TYPE_CHECKING:
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import Base

__all__ = ["FORM", "chosen_bases"]

FORM = "CLASS=oci:DIR[@NAME]|FILE|IMAGE"
_OTHERS = "cpu"


def chosen_bases(
    given: Iterable[str], platform: Mapping[str, str], devices: Iterable[str], layout: "ImageLayout"
) -> "dict[str, Base]":
    """The base of each class of device, whose blobs are in the layout afterwards.

    `given` are options, which win over the platform's; the one for `cpu` is for classes without one of their own.
    Raises UsageError for want of one, ImageError for what is none, and OutsideFailure where a registry fails.
    """
    places = {**platform, **dict(_split(one) for one in given)}
    opened: dict[str, Base] = {}
    found = {}
    for device in sorted(devices):
        place = places.get(device) or places.get(_OTHERS)
        if place is None:
            raise UsageError(
                f"which base for {device}? say it by --base {device}=IMAGE, or by `registry.base` of the platform"
            )
        if place not in opened:
            opened[place] = _opened(place, layout)
        found[device] = opened[place]
    return found


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
