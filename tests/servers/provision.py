"""Where a server's program is: on this machine already, in the user's cache, or built there once.

People have such binaries: `KUBEBUILDER_ASSETS` and PATH are asked first, by version. What is missing is built from Go
modules, which takes minutes once, so each build says what it makes and how long that takes. A lock in the cache has
two processes that want the same wait for one build.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.pins import DEFINITIONS, PROGRAMS, Definitions, Program, go_module, pinned
from tests.support.tools import Missing, cache_directory, required_on_path

__all__ = ["Say", "cached", "definitions", "locate", "locate_all", "module_files", "one_build_at_a_time"]

Say = Callable[[str], None]
"""How progress is told: a line at a time."""

_BUILD_SECONDS = 3600
_KUBERNETES = "k8s.io/kubernetes"


def locate_all(names: Iterable[str], say: Say) -> dict[str, Path]:
    """The programs of these names; raises `Missing` at the first that cannot be had."""
    return {name: locate(name, say) for name in names}


def locate(name: str, say: Say) -> Path:
    """The program's path, once it is there; raises `Missing` with what is needed to have it."""
    program = PROGRAMS[name]
    return _on_this_machine(program) or _built(program, say)


def _on_this_machine(program: Program) -> Path | None:
    """What people have: of the version that is asked for, else it is left alone."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    for found in (assets and shutil.which(program.name, path=assets), shutil.which(program.name)):
        if found and _version(found).startswith(f"{program.accepted}."):
            return Path(found)
    return None


def _version(command: str) -> str:
    try:
        done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"v?(\d+\.\d+\.\d+)", done.stdout)
    return found.group(1) if found else ""


def _built(program: Program, say: Say) -> Path:
    module = go_module(program)
    content = b"".join((module / name).read_bytes() for name in ("go.mod", "go.sum"))
    home = _cache() / f"{program.module}-{hashlib.sha256(content).hexdigest()[:16]}"
    path = home / program.name
    if not path.is_file():
        go = required_on_path("go", "install Go 1.26 or later")
        if program.tags:
            required_on_path("cc", "install a C compiler, as Debian's gcc")
        with one_build_at_a_time(say):
            if not path.is_file():
                _build(program, go, path, say)
    return path


def _build(program: Program, go: Path, path: Path, say: Say) -> None:
    """Build beside `path`, then rename: a killed build leaves no half of a program."""
    module = go_module(program)
    say(f"building {program.name} from Go modules: {program.minutes} min on two cores when nothing is built yet")
    started = time.monotonic()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="new-", ignore_cleanup_errors=True) as new:
        made = Path(new, program.name)
        flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", f"-tags={program.tags}"]
        flags.append(f"-ldflags={_linker_flags(program, module)}")
        build = [str(go), "build", *flags, "-o", str(made), program.package]
        _run(build, module, program.name, with_c=bool(program.tags))
        os.replace(made, path)
    megabytes = path.stat().st_size / 1e6
    say(f"built {program.name} in {time.monotonic() - started:.0f} s: {path} ({megabytes:.0f} MB)")


def _linker_flags(program: Program, module: Path) -> str:
    flags = ["-s", "-w"]
    if program.stamped:
        version = pinned(module, _KUBERNETES)
        major, minor, _ = version.removeprefix("v").split(".")
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{name}={value}" for name, value in values.items()]
    return " ".join(flags)


def definitions(name: str, say: Say) -> Path:
    """A directory with the files of a set of `DEFINITIONS`; raises `Missing` when they cannot be had."""
    wanted = DEFINITIONS[name]
    home = _cache() / f"{name}-{hashlib.sha256(repr(wanted).encode()).hexdigest()[:16]}"
    if not home.is_dir():
        go = required_on_path("go", "install Go 1.26 or later")
        with (
            one_build_at_a_time(say),
            tempfile.TemporaryDirectory(dir=_cache(), prefix="new-", ignore_cleanup_errors=True) as new,
        ):
            say(f"fetching the {name} that {len(wanted)} Go modules carry")
            _copy(wanted, go, Path(new))
            if not home.is_dir():
                os.rename(new, home)
    return home


def _copy(wanted: Iterable[Definitions], go: Path, into: Path) -> None:
    for one in wanted:
        root = _module(one.pin, go, into)
        for pattern in one.patterns:
            files = sorted(root.glob(pattern))
            assert files, f"{one.pin} has no {pattern}"
            for file in files:
                (into / file.name).write_bytes(file.read_bytes())


def module_files(name: str) -> Path:
    """Where the files are that a program's own module carries, which may not be written; raises `Missing`."""
    program = PROGRAMS[name]
    go = required_on_path("go", "install Go 1.26 or later")
    _cache().mkdir(parents=True, exist_ok=True)
    return _module(f"{program.package}@{pinned(go_module(program), program.package)}", go, _cache())


def _module(pin: str, go: Path, directory: Path) -> Path:
    return Path(json.loads(_run([str(go), "mod", "download", "-json", pin], directory, pin))["Dir"])


def _run(command: list[str], directory: Path, what: str, *, with_c: bool = False) -> str:
    # The compiler with a heap that may grow takes a quarter less of processor time.
    environment = {"GOGC": "400", **os.environ, "CGO_ENABLED": "1" if with_c else "0", "GOWORK": "off"}
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"go did not finish {what} within {_BUILD_SECONDS} s") from None
    if done.returncode != 0:
        told = done.stderr.strip() or done.stdout.strip()
        raise Missing(f"go could not make {what} (it needs the Go module proxy, once):\n{told[-2000:]}")
    return done.stdout


@contextmanager
def one_build_at_a_time(say: Say) -> Iterator[None]:
    """One build at a time, over all processes of this user; a process that ends, however, gives it back."""
    _cache().mkdir(parents=True, exist_ok=True)
    with (_cache() / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for a build that another process has begun")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cached(name: str) -> Path:
    """Where a server of this name is kept."""
    return _cache() / name


def _cache() -> Path:
    return cache_directory().parent / "servers"
