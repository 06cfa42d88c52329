"""The example, built into images as a user builds it, and its wheels as pip gets them."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.architecture.imports import ROOT
from tests.images.making import wheel
from tests.support.tools import Missing, cache_directory

__all__ = ["ENVIRONMENT", "Example", "comb", "copy_example", "example_wheels", "run", "smallest_comb"]

ENVIRONMENT = "staging"
_CLASSES = ("cpu", "nvidia-a10", "nvidia-t4")
_PATIENCE = 240.0
_OPERATORS = ("numpy", "onnxruntime", "opencv-python-headless", "pillow")
_SERVICE = ("cel-expr-python", "grpcio", "grpcio-health-checking", "grpcio-reflection", "h11", "prometheus_client")
_GPUS = ("nvidia-ml-py",)
_LIBCS = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")
_TO = ("--only-binary", ":all:", "--python-version", "3.11", *(f"--platform={libc}" for libc in _LIBCS))


class Example(NamedTuple):
    """A copy of examples/frame-moderation in a checkout of its own, whose platform pushes to a registry."""

    directory: Path
    wheels: Path
    base: Path

    def build(self, name: str = "images", *more: str) -> str:
        """`comb image build` with more options: what it says. The layout gets this name, and its images.json too."""
        bases = [f"--base={device}=oci:{self.base}" for device in _CLASSES]
        made = ["-o", name, "--images", f"{name}.json"]
        return self.run("image", "build", ".", *self.where, "--wheels", str(self.wheels), *bases, *made, *more)

    @property
    def where(self) -> tuple[str, ...]:
        """The options that say where it runs."""
        return "--platform", "platform.yaml", "--environment", ENVIRONMENT

    def run(self, *arguments: str) -> str:
        """What `comb ARGUMENTS…` prints; it must be clean."""
        return comb(self.directory, *arguments)

    def examined(self, address: str, sample: Path) -> str:
        """What is answered to a sample as JSON, as soon as nothing is left out: a part may not be connected yet."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            told = self.run("call", address, str(sample), "--timeout", "240", "--format", "json")
            if "_NOT_EXAMINED" not in told or time.monotonic() > deadline:
                return told


def comb(directory: Path, *arguments: str) -> str:
    """What `comb ARGUMENTS…` prints in a directory; it must be clean."""
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copy_example(directory: Path, registry: str, wheels: Path, base: Path) -> Example:
    """A copy of the example that pushes to `registry`, and whose steps have the time that a busy machine takes."""
    there = shutil.copytree(
        ROOT / "examples" / "frame-moderation", directory, ignore=shutil.ignore_patterns("__pycache__", ".comb")
    )
    (there / ".git").mkdir()
    _edit(there / "platform.yaml", (r"push: \S+", f"push: {registry}/combs"), ("deadline: 10s", "deadline: 600s"))
    _edit(there / "comb.yaml", (r"    timeout: \w+", "    timeout: 90s"), ("deadline: 3s", "deadline: 500s"))
    return Example(there, wheels, base)


def _edit(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text(encoding="utf-8")
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text)
        assert count, pattern
    file.write_text(text, encoding="utf-8")


def example_wheels(directory: Path) -> Path:
    """`directory` with the runtime's wheel, made here, and with all wheels that it and the example's operators need."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(build, cwd=ROOT / ".ci" / "runtime", check=True, capture_output=True)
    for one in _others().glob("*.whl"):
        (directory / one.name).hardlink_to(one) if _is_beside(one, directory) else shutil.copy(one, directory)
    return directory


def _is_beside(wheel: Path, directory: Path) -> bool:
    return wheel.stat().st_dev == directory.stat().st_dev


def _others() -> Path:
    """Wheels of the versions that CI tried, fetched once for each content of its pins; raises `Missing`."""
    pins = ROOT / ".ci" / "constraints.txt"
    wanted = ["protobuf", "uvloop", *_SERVICE, *_GPUS, *_OPERATORS]
    lines = [line for line in pins.read_text(encoding="utf-8").splitlines() if "==" in line]
    key = hashlib.sha256("\n".join([*wanted, *lines]).encode()).hexdigest()[:16]
    home = cache_directory() / f"wheels-{key}"
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent, prefix="new-", ignore_cleanup_errors=True) as new:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                *_TO,
                "--dest",
                new,
                "--constraint",
                str(pins),
            ]
            done = subprocess.run([*command, *wanted], capture_output=True, text=True)
            if done.returncode != 0:
                raise Missing(f"pip cannot get the wheels of the example:\n{done.stderr.strip()[-2000:]}")
            try:
                os.rename(new, home)
            except OSError:
                if not home.is_dir():
                    raise
    return home


def run(root: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`comb ARGUMENTS…` in a directory, however it ends; it never prints a traceback."""
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def smallest_comb(directory: Path) -> Path:
    """examples/hello in a checkout, without a lock, with wheels of its own, and with a platform that names no base."""
    made = shutil.copytree(ROOT / "examples" / "hello", directory, ignore=shutil.ignore_patterns("__pycache__"))
    (made / ".git").mkdir()
    (made / "comb.lock").unlink()
    (made / "platform.yaml").write_text(
        "apiVersion: comb.dev/v1\nkind: Platform\nmetadata: {name: here}\n"
        "clusters: {west: {nodePools: {cpus: {nodes: 4, cpu: 8, memory: 32Gi}}}}\n"
        "namespaces: {greetings: {}}\n"
        "environments: {local: {clusters: [west], namespace: greetings}}\n"
        'environmentRepository: {url: "https://git.acme.example/environments.git"}\n'
        "registry: {push: registry.acme.example/combs}\n",
        encoding="utf-8",
    )
    wheel(made / "wheels", "comb_runtime")
    return made
