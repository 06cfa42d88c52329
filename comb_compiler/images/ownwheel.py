"""The runtime as a wheel, made of this very installation: an image runs what the compiler was tested with."""

import base64
import hashlib
import importlib.metadata
import importlib.resources
import io
import re
import zipfile
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

__all__ = ["runtime_requirements", "runtime_wheel"]

_PARTS = ("__init__.py", "py.typed", "cel", "devices", "release", "runtime", "samples")
"""What comb-runtime has of Comb, as `.ci/runtime/pyproject.toml` says it too."""
_EXTRA_OF_ALL, _EXTRA_OF_GPUS = "runtime", "gpu"
_CORE = frozenset({"protobuf"})
_CONDITIONS = "cel-expr-python"
_BEGINNING = (1980, 1, 1, 0, 0, 0)
_EXTRA = re.compile(r";\s*extra\s*==\s*['\"]([-\w]+)['\"]\s*$")


def runtime_requirements(*, conditions: bool, gpus: bool) -> tuple[str, ...]:
    """What the runtime and its service require, a requirement each.

    With `conditions` where a graph has any, and `gpus` where operators ask for some: what says how they are used is in
    Python alone, and does nothing where there is no driver.
    """
    extras = {_EXTRA_OF_ALL, *([_EXTRA_OF_GPUS] if gpus else ())}
    core = _CORE | ({_CONDITIONS} if conditions else set())
    found = []
    for one in importlib.metadata.requires("comb-compiler") or ():
        extra = _EXTRA.search(one)
        plain = _EXTRA.sub("", one).strip()
        name = re.split(r"[^-\w.]", plain, maxsplit=1)[0].lower()
        if extra[1] in extras if extra is not None else name in core:
            found.append(plain)
    return tuple(sorted(found))


def runtime_wheel(directory: Path, requires: tuple[str, ...]) -> Path:
    """A wheel of comb-runtime, written into a directory; the same installation makes the same bytes."""
    version = importlib.metadata.version("comb-compiler")
    name = f"comb_runtime-{version}"
    about = f"{name}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: comb-runtime\nVersion: {version}\n"
    files = {
        **dict(sorted(_files())),
        f"{about}/METADATA": (metadata + "".join(f"Requires-Dist: {one}\n" for one in requires)).encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: comb\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_urlsafe(content)},{len(content)}\n" for path, content in files.items())
    files[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path, _BEGINNING)
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    wheel = directory / f"{name}-py3-none-any.whl"
    wheel.write_bytes(made.getvalue())
    return wheel


def _files() -> Iterator[tuple[str, bytes]]:
    root = importlib.resources.files("comb_compiler")
    for part in _PARTS:
        yield from _below(root / part, f"comb_compiler/{part}")


def _below(place: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    if place.is_file():
        yield path, place.read_bytes()
        return
    for one in place.iterdir():
        if one.name != "__pycache__" and not one.name.endswith((".pyc", ".pyi")):
            yield from _below(one, f"{path}/{one.name}")


def _urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
