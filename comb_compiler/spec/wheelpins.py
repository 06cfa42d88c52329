"""The wheels that comb.lock pins for each kind of base: its member `requirements`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from comb_compiler.source.nodes import Path

__all__ = ["TARGET", "PinnedWheel", "Requirements", "requirements_from", "requirements_member", "requirements_problems"]

TARGET = r"cp3\d{1,2}-(musl|many)linux_\d{1,2}_\d{1,3}_(x86_64|aarch64)"
"""A kind of base: its Python, and the newest platform tag (PEP 600, 656) that its C library takes."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[-.+!_A-Za-z0-9]+\.whl")
_MEMBERS = {"sha256", "targets"}


class PinnedWheel(NamedTuple):
    """A wheel by its file name, and the SHA-256 of its bytes."""

    file: str
    sha256: str


class Requirements(NamedTuple):
    """`sha256` is the digest of what was asked for; wheels are those of each target, sorted."""

    sha256: str
    targets: Mapping[str, tuple[PinnedWheel, ...]]


def requirements_member(requirements: Requirements) -> dict[str, Any]:
    """The member, as JSON has it: the same for the same requirements."""
    targets = {
        name: [wheel._asdict() for wheel in sorted(requirements.targets[name])] for name in sorted(requirements.targets)
    }
    return {"sha256": requirements.sha256, "targets": targets}


def requirements_from(member: Mapping[str, Any]) -> Requirements:
    """The requirements of a member without problems."""
    targets = {
        name: tuple(PinnedWheel(one["file"], one["sha256"]) for one in wheels)
        for name, wheels in member["targets"].items()
    }
    return Requirements(member["sha256"], targets)


def requirements_problems(member: Any) -> Iterator[tuple[Path, str]]:
    """Places of a member that is none, and what is wrong there."""
    if not isinstance(member, dict) or set(member) != _MEMBERS or not isinstance(member["targets"], dict):
        yield (), "`requirements` must have `sha256` and, by target, `targets`, and nothing else"
        return
    if not _is_digest(member["sha256"]):
        yield ("sha256",), "`sha256` must be 64 lower-case hexadecimal digits"
    for name, wheels in member["targets"].items():
        if not re.fullmatch(TARGET, name):
            yield ("targets", name), "a target is a Python and a platform, as `cp312-manylinux_2_36_x86_64`"
        if not isinstance(wheels, list):
            yield ("targets", name), "the wheels of a target are a list"
            continue
        for index, wheel in enumerate(wheels):
            if not _is_wheel(wheel):
                yield ("targets", name, index), "a wheel must have its `file` and its `sha256`, and nothing else"


def _is_wheel(wheel: Any) -> bool:
    if not isinstance(wheel, dict) or set(wheel) != {"file", "sha256"}:
        return False
    return isinstance(wheel["file"], str) and _FILE.fullmatch(wheel["file"]) is not None and _is_digest(wheel["sha256"])


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None
