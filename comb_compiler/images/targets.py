"""Kinds of bases, as far as wheels go: a Python, a C library and its version, and a machine."""

import re
from typing import NamedTuple

from comb_compiler.images.bases import Found
from comb_compiler.images.model import ImageError

__all__ = ["ALPINE", "SLIM", "Target", "needed_glibc", "parse_target", "target_of"]

_TARGET = re.compile(r"cp3(\d{1,2})-(musl|many)linux_(\d{1,2})_(\d{1,3})_(x86_64|aarch64)")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_OLD_NAMES = {(2, 5): "manylinux1", (2, 12): "manylinux2010", (2, 17): "manylinux2014"}
_NEEDED = re.compile(r"manylinux_(\d{1,2})_(\d{1,3})_.+")
_OLDEST_GLIBC = 5


class Target(NamedTuple):
    """`libc` is `glibc` or `musl`, of version `newest`; `machine` is as in tags of platforms, `x86_64` or `aarch64`."""

    python: tuple[int, int]
    libc: str
    newest: tuple[int, int]
    machine: str

    @property
    def name(self) -> str:
        """As comb.lock has it: `cp312-musllinux_1_2_x86_64`."""
        return f"cp3{self.python[1]}-{'musl' if self.libc == 'musl' else 'many'}linux_{self._tag(self.newest[1])}"

    @property
    def words(self) -> str:
        """For people: `Python 3.12 on glibc, amd64`."""
        return f"Python 3.{self.python[1]} on {self.libc}, {_MACHINES[self.machine]}"

    def _tag(self, minor: int) -> str:
        return f"{self.newest[0]}_{minor}_{self.machine}"

    def platforms(self) -> tuple[str, ...]:
        """The tags of platforms that it takes, best first (PEP 600, 656)."""
        newest = self.newest[1]
        if self.libc == "musl":
            return tuple(f"musllinux_{self._tag(minor)}" for minor in range(newest, -1, -1))
        found = []
        for minor in range(newest, _OLDEST_GLIBC - 1, -1):
            found.append(f"manylinux_{self._tag(minor)}")
            old = _OLD_NAMES.get((self.newest[0], minor))
            found += [f"{old}_{self.machine}"] if old else []
        return (*found, f"linux_{self.machine}")

    def options(self) -> list[str]:
        """For pip: wheels that run there, and nothing that must be built."""
        platforms = [option for tag in self.platforms() for option in ("--platform", tag)]
        python = ["--python-version", f"3.{self.python[1]}", "--implementation", "cp"]
        return ["--only-binary", ":all:", *python, *platforms]

    def markers(self) -> dict[str, str]:
        """What markers of requirements ask (PEP 508)."""
        version = f"3.{self.python[1]}"
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }

    def runs_on(self, found: Found, architecture: str) -> bool:
        """Whether a base is of this kind."""
        there = (found.python, found.libc, architecture)
        return (self.python, self.libc, _MACHINES[self.machine]) == there

    def on(self, libc: str) -> "Target":
        """The same with the usual base of another C library."""
        return (ALPINE if libc == "musl" else SLIM)._replace(python=self.python, machine=self.machine)


ALPINE = Target((3, 12), "musl", (1, 2), "x86_64")
"""The small base: as `python:3.12-alpine`."""
SLIM = Target((3, 12), "glibc", (2, 36), "x86_64")
"""The base of what has no wheels for musl: as `python:3.12-slim`."""


def parse_target(text: str) -> Target | None:
    """A target by its name."""
    match = _TARGET.fullmatch(text)
    if match is None:
        return None
    libc = "musl" if match[2] == "musl" else "glibc"
    return Target((3, int(match[1])), libc, (int(match[3]), int(match[4])), match[5])


def target_of(found: Found, architecture: str) -> Target:
    """The target of a base that was looked into: with its own glibc where it told one, else the usual.

    Raises ImageError for a machine that has none.
    """
    machine = next((one for one, name in _MACHINES.items() if name == architecture), None)
    if machine is None:
        raise ImageError(f"images are made for amd64 and arm64, and this base is for {architecture}")
    usual = (ALPINE if found.libc == "musl" else SLIM)._replace(python=found.python, machine=machine)
    return usual if found.version is None else usual._replace(newest=found.version)


def needed_glibc(platform: str) -> tuple[int, int]:
    """The oldest glibc that a wheel with this tag runs on; (0, 0) where the tag says none."""
    match = _NEEDED.fullmatch(platform)
    if match is not None:
        return int(match[1]), int(match[2])
    return next((version for version, name in _OLD_NAMES.items() if platform.startswith(f"{name}_")), (0, 0))
