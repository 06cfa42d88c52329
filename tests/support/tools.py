"""Real programs that tests run and pip does not install: where they are, or what is missing.

A tool is looked for on PATH first, since people have such programs already; what can be had from a package registry is
then installed into the user's cache directory, outside the repository, under a name that its pinned version decides.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["TOOLS", "Missing", "Tool", "cache_directory", "locate"]

_NODE = Path(__file__).parent / "node"
_TESTS = Path(__file__).parent.parent
_SERVED = _TESTS / "runtime" / "oip" / "served"
_INSTALL_SECONDS = 600


class Missing(Exception):
    """The tool cannot be had here; the message says which program is missing and how to get it."""


class Tool(NamedTuple):
    """A program by the name of its command; `install` makes it when it is not on PATH, or raises `Missing`."""

    name: str
    install: Callable[[], Path]


def locate(name: str, tools: Mapping[str, Tool] | None = None) -> Path:
    """The command's path: from PATH, else installed; raises `Missing` when neither works."""
    found = shutil.which(name)
    return Path(found) if found else (tools or TOOLS)[name].install()


def cache_directory() -> Path:
    """Where tools are kept between runs, by the XDG rule."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "comb" / "tools"


def from_npm(command: str, lock: Path = _NODE) -> Path:
    """`command` of the npm packages that `lock` pins."""
    return npm_packages(lock) / "node_modules" / ".bin" / command


def npm_packages(lock: Path) -> Path:
    """The directory with the npm packages that `lock` pins, installed once for each content of that pin."""
    pinned = hashlib.sha256((lock / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = cache_directory() / f"node-{pinned}"
    if not home.is_dir():
        _install_once(home, lock)
    return home


def _install_once(home: Path, lock: Path) -> None:
    """Install beside `home`, then rename: a killed run leaves no half of a tool, and of two at once one wins."""
    npm = required_on_path("npm", "install Node.js 20 or later")
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as new:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(lock / name, new)
        _run([str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], Path(new))
        try:
            os.rename(new, home)
        except OSError:
            if not home.is_dir():
                raise


def from_pip(name: str, lock: Path) -> Path:
    """The interpreter of an environment of its own with the packages that `lock` pins."""
    home = cache_directory() / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as new:
            _run([sys.executable, "-m", "venv", new], home.parent)
            _run([f"{new}/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(lock)], home.parent)
            try:
                os.rename(new, home)  # an interpreter finds its packages from where it is
            except OSError:
                if not home.is_dir():
                    raise
    return home / "bin" / "python"


def from_go(source: Path) -> Path:
    """The program of a Go module in the tests, built once for each content of its files."""
    content = b"".join((source / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
    program = cache_directory() / f"{source.name}-{hashlib.sha256(content).hexdigest()[:16]}"
    if not program.is_file():
        go = required_on_path("go", "install Go 1.24 or later")
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=program.parent, prefix="new-") as new:
            _run([str(go), "build", "-trimpath", "-o", f"{new}/program", "."], source)
            os.replace(f"{new}/program", program)
    return program


def from_debian(package: str, command: str, *others: str) -> Path:
    """`command` of a Debian package, with others that it needs."""
    home = debian_packages(package, *others)
    found = (home / place / command for place in ("usr/bin", "usr/sbin", "bin"))
    return next((path for path in found if path.is_file()), home / "usr" / "bin" / command)


def debian_packages(*packages: str) -> Path:
    """A directory with Debian packages, unpacked without being installed: nothing outside the cache is touched."""
    name = packages[0] if len(packages) == 1 else hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    home = cache_directory() / f"debian-{name}"
    if not home.is_dir():
        apt = required_on_path("apt-get", f"install {packages[0]}")
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as new:
            for directory in ("lists/partial", "archives/partial", "root"):
                Path(new, directory).mkdir(parents=True)
            own = ["-o", f"Dir::State::lists={new}/lists", "-o", f"Dir::Cache={new}", "-o", "Debug::NoLocking=1"]
            _run([str(apt), "update", *own], Path(new))
            _run([str(apt), "download", *packages, *own], Path(new))
            dpkg = required_on_path("dpkg", f"install {packages[0]}")
            for archive in sorted(Path(new).glob("*.deb")):
                _run([str(dpkg), "-x", str(archive), "root"], Path(new))
            try:
                os.rename(Path(new, "root"), home)
            except OSError:
                if not home.is_dir():
                    raise
    return home


def required_on_path(name: str, how: str) -> Path:
    """A program that only the machine's owner can install."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not on PATH: {how}")
    return Path(found)


def _engine() -> Path:
    """Docker's daemon, with what it starts."""
    if os.geteuid() != 0:
        raise Missing("dockerd is not on PATH, and only root may run it")
    return from_debian("docker.io", "dockerd", "containerd", "runc", "libdevmapper1.02.1", "libseccomp2")


def _run(command: list[str], directory: Path) -> None:
    shown = f"`{Path(command[0]).name} {command[1]}`"
    try:
        done = subprocess.run(
            command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"{shown} did not end within {_INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise Missing(f"{shown} failed:\n{done.stderr.strip()[-2000:]}")


TOOLS: Mapping[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("bash", lambda: required_on_path("bash", "install bash")),
        Tool("buf", lambda: from_npm("buf")),
        Tool("cc", lambda: required_on_path("cc", "install a C compiler, as Debian's gcc")),
        Tool("curl", lambda: required_on_path("curl", "install curl")),
        Tool("docker-registry", lambda: from_debian("docker-registry", "docker-registry")),
        Tool("dockerd", _engine),
        Tool("diagram-readers", lambda: npm_packages(_NODE.parent / "diagrams")),
        Tool("fish", lambda: from_debian("fish", "fish", "fish-common", "libpcre2-32-0")),
        Tool("git", lambda: required_on_path("git", "install git")),
        Tool("gpg", lambda: required_on_path("gpg", "install GnuPG")),
        Tool("go", lambda: required_on_path("go", "install Go 1.26 or later")),
        Tool("grpc-js", lambda: npm_packages(_NODE.parent / "callers")),
        Tool("kserve-python", lambda: from_pip("kserve", _SERVED / "kserve" / "requirements.txt")),
        Tool("java", lambda: required_on_path("java", "install a JDK of version 17 or later")),
        Tool("mlserver-python", lambda: from_pip("mlserver", _SERVED / "mlserver" / "requirements.txt")),
        Tool("node", lambda: required_on_path("node", "install Node.js 20 or later")),
        Tool("prometheus", lambda: from_debian("prometheus", "prometheus")),
        Tool("promtool", lambda: from_debian("prometheus", "promtool")),
        Tool("triton-python", lambda: from_pip("triton", _SERVED / "triton" / "requirements.txt")),
        Tool("yaml2json", lambda: from_go(_TESTS / "render" / "yaml2json")),
        Tool("yaml-language-server", lambda: from_npm("yaml-language-server")),
        Tool("zsh", lambda: from_debian("zsh", "zsh")),
    )
}
"""Every tool that a test may ask for."""
