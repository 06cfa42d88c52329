"""Where a process finds the files of model versions: in a directory that was filled before it started."""

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from comb_compiler.release import Model
from comb_compiler.runtime.service.face import CannotServe

__all__ = ["artifact_locator"]

_PACKAGE = "python://"


def artifact_locator(directory: Path) -> Callable[[Model], Path]:
    """A function that gives a model version's file. It raises CannotServe where there is none, or another one.

    It is the file of the directory that the digest names, or that the artifact names as a path; or the file of an
    installed package, for `python://`. Bytes that are pinned are compared with their digest, whoever put them there.
    """

    def locate(model: Model) -> Path:
        name = f"model {model.name}@{model.version}"
        found = next((path for path in _places(directory, model) if path.is_file()), None)
        if found is None:
            raise CannotServe(f"{name}: {model.artifact} is not in {directory}")
        if model.sha256 and _digest(found) != model.sha256:
            raise CannotServe(f"{name}: the SHA-256 of {found} is not the one that is pinned")
        return found

    return locate


def _places(directory: Path, model: Model) -> list[Path]:
    places = [directory / model.sha256] if model.sha256 else []
    if model.artifact.startswith(_PACKAGE):
        package, _, file = model.artifact.removeprefix(_PACKAGE).partition("/")
        return places + [place for root in _directories(package) for place in _inside(root, file)]
    return places if "://" in model.artifact else places + _inside(directory, model.artifact)


def _directories(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return []
    return [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]


def _inside(directory: Path, path: str) -> list[Path]:
    """The path below the directory, unless it leads out of it."""
    place = directory / path
    return [place] if place.resolve().is_relative_to(directory.resolve()) else []


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
