"""Scanners for known weaknesses, which are programs of others: found on PATH, and given a layout of one image."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from comb_compiler.images.bases import read_base
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import Descriptor

__all__ = ["HOW_TO_GET_ONE", "SCANNERS", "Scanner", "find_scanner", "layout_of_one", "see_that_it_is_whole"]

HOW_TO_GET_ONE = (
    "install Trivy (https://trivy.dev) or Grype (https://github.com/anchore/grype), so that it is on PATH; "
    "those that know CycloneDX 1.6 also read the bill of materials that `comb image build --attest` writes"
)


class Scanner(NamedTuple):
    """A scanner: its name, and its program. It reads an image of a layout without an engine."""

    name: str
    program: str

    def command(self, layout: Path, more: Sequence[str] = ()) -> list[str]:
        """A command that scans the only image of a layout; `more` are options of the scanner's own."""
        if self.name == "trivy":
            return [self.program, "image", *more, "--input", str(layout)]
        return [self.program, *more, f"oci-dir:{layout}"]


SCANNERS = ("trivy", "grype")
"""In the order in which they are looked for."""


def find_scanner(names: Sequence[str] = SCANNERS) -> Scanner | None:
    """The first of these scanners that is on PATH."""
    for name in names:
        program = shutil.which(name)
        if program is not None:
            return Scanner(name, program)
    return None


def see_that_it_is_whole(layout: ImageLayout, images: Mapping[str, Descriptor]) -> None:
    """Raises ImageError where a blob of an image is not what its digest names: scanners take what is there for it."""
    layers = {layer.digest for name, image in images.items() for layer in read_base(layout, image, name).layers}
    for digest in sorted(layers):
        layout.check(digest)


@contextmanager
def layout_of_one(layout: ImageLayout, name: str, image: Descriptor) -> Iterator[Path]:
    """A layout that has one image of another, whose blobs it shares: of several, scanners take the first they like."""
    with TemporaryDirectory(prefix="comb-scan-") as scratch:
        one = ImageLayout(Path(scratch, "layout"))
        one.path.mkdir()
        (one.path / "blobs").symlink_to(layout.path.absolute() / "blobs")
        one.prepare()
        one.name({name: image})
        yield one.path
