"""Whether a wheel fits a base: its tags (PEP 425, 600, 656) against the Python and the C library that are there."""

import re
from typing import NamedTuple

from comb_compiler.images.bases import Found
from comb_compiler.images.model import ImageError
from comb_compiler.images.targets import needed_glibc

__all__ = ["WheelName", "fits", "parse_wheel_name"]

_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9_.]+)-(?P<version>[A-Za-z0-9_.!+]+)(-\d[A-Za-z0-9_.]*)?"
    r"-(?P<pythons>[A-Za-z0-9_.]+)-(?P<abis>[A-Za-z0-9_.]+)-(?P<platforms>[A-Za-z0-9_.]+)\.whl"
)
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class WheelName(NamedTuple):
    """What a wheel's file name says. `name` is normalised (PEP 503)."""

    name: str
    version: str
    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]


def parse_wheel_name(file: str) -> WheelName:
    """Raises ImageError for a name that no wheel has."""
    match = _WHEEL.fullmatch(file)
    if match is None:
        raise ImageError(f"`{file[:200]}` is no name of a wheel")
    tags = (tuple(match[part].split(".")) for part in ("pythons", "abis", "platforms"))
    return WheelName(re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"], *tags)


def fits(wheel: WheelName, found: Found, architecture: str) -> bool:
    """Whether it runs there."""
    return _python_fits(wheel, found.python) and any(
        _platform_fits(one, found, architecture) for one in wheel.platforms
    )


def _python_fits(wheel: WheelName, python: tuple[int, int]) -> bool:
    own = f"cp3{python[1]}"
    if "abi3" in wheel.abis:
        return any(one.startswith("cp3") and int(one[3:]) <= python[1] for one in wheel.pythons)
    if "none" in wheel.abis:
        generic = {"py3", own, *(f"py3{minor}" for minor in range(python[1] + 1))}
        return bool(generic & set(wheel.pythons))
    return own in wheel.pythons and own in wheel.abis


def _platform_fits(platform: str, found: Found, architecture: str) -> bool:
    if platform == "any":
        return True
    family = ("musllinux_",) if found.libc == "musl" else ("manylinux", "linux_")
    if found.version is not None and needed_glibc(platform) > found.version:
        return False
    return platform.startswith(family) and platform.endswith(f"_{_MACHINES.get(architecture, architecture)}")
