"""What is in an image, for who must know: its base, the packages of its wheels, and its models."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from comb_compiler.images.model import Descriptor
from comb_compiler.images.tags import parse_wheel_name
from comb_compiler.images.wheels import wheel_metadata

__all__ = ["Inside", "Package", "Weights", "read_package"]

_NAME = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]*[A-Za-z0-9])?")


class Package(NamedTuple):
    """A package, by the wheel that it came as. `licence` is what its metadata says, empty where it says nothing.

    `requires` are the normalised names of what it may require, in whatever circumstances.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    requires: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Its package URL."""
        return f"pkg:pypi/{self.name}@{self.version.replace('+', '%2B').replace('!', '%21')}"


class Weights(NamedTuple):
    """A model version, and the SHA-256 of its file, in hexadecimal."""

    name: str
    version: str
    sha256: str


class Inside(NamedTuple):
    """An image by the name that it is pushed to, without its digest, and what is in it."""

    name: str
    image: Descriptor
    base_name: str
    base_digest: str
    packages: Sequence[Package]
    models: Sequence[Weights]

    @property
    def sha256(self) -> str:
        """The image's digest, in hexadecimal."""
        return self.image.digest.partition(":")[2]


def read_package(wheel: Path) -> Package:
    """What a wheel says of itself. Raises ImageError for what is none."""
    named = parse_wheel_name(wheel.name)
    told = wheel_metadata(wheel)
    with wheel.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    licence = str(told.get("License-Expression") or told.get("License") or "").strip().split("\n")
    requires = _names(map(str, told.get_all("Requires-Dist") or ()))
    return Package(named.name, named.version, wheel.name, sha256, licence[0][:200] if licence else "", requires)


def _names(requirements: Iterable[str]) -> tuple[str, ...]:
    found = (match[0] for one in requirements if (match := _NAME.match(one)) is not None)
    return tuple(sorted({re.sub(r"[-_.]+", "-", one).lower() for one in found}))
