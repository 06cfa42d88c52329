"""The form of comb.lock, as `schemas/lock.v1.schema.json` says it to other tools."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeGuard

from comb_compiler.source.nodes import Path
from comb_compiler.spec.basepins import bases_problems
from comb_compiler.spec.published import interface_from
from comb_compiler.spec.wheelpins import requirements_problems

__all__ = ["Problem", "is_of_later_version", "problems", "shortened"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_URI = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")
_MODEL = re.compile(r"[-+._A-Za-z0-9]+@[-+._A-Za-z0-9]+")
_MEMBERS = ("version", "artifacts")
_OPTIONAL = ("interface", "requirements", "bases")
_PIN = ("uri", "sha256", "size", "models")


class Problem(NamedTuple):
    """What is wrong at a place of the data."""

    path: Path
    message: str


def is_of_later_version(data: Any, version: int) -> bool:
    """Whether another Comb wrote it, which pins what this one does not know."""
    given = data.get("version") if isinstance(data, dict) else None
    return _is_count(given) and given > version


def problems(data: Any, version: int) -> list[Problem]:
    """Everything that keeps `data`, read from JSON, from being a lock of this version."""
    if not isinstance(data, dict):
        return [Problem((), "a lock is a JSON object")]
    if is_of_later_version(data, version):
        return [Problem(("version",), f"a later Comb wrote this lock; this one knows version {version}")]
    found = list(_members(data, _MEMBERS, (), "a lock", _OPTIONAL))
    if "interface" in data and interface_from(data["interface"]) is None:
        found.append(
            Problem(("interface",), "`interface` must be a method, its channels and its descriptors in base64")
        )
    if "requirements" in data:
        wrong = requirements_problems(data["requirements"])
        found += [Problem(("requirements", *path), message) for path, message in wrong]
    if "bases" in data:
        found += [Problem(("bases", *path), message) for path, message in bases_problems(data["bases"])]
    if "version" in data and not (_is_count(data["version"]) and data["version"] == version):
        found.append(Problem(("version",), f"`version` must be the number {version}"))
    artifacts = data.get("artifacts", [])
    if not isinstance(artifacts, list):
        return [*found, Problem(("artifacts",), "`artifacts` must be a list")]
    for index, pin in enumerate(artifacts):
        found += _pin(pin, ("artifacts", index))
    return found + list(_repeated(artifacts))


def _members(
    data: dict[str, Any], names: tuple[str, ...], path: Path, owner: str, optional: tuple[str, ...] = ()
) -> Iterator[Problem]:
    for name in names:
        if name not in data:
            yield Problem(path, f"{owner} needs `{name}`")
    for name in data:
        if name not in (*names, *optional):
            yield Problem((*path, name), f"{owner} has no member `{shortened(name)}`")


def _pin(pin: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(pin, dict):
        yield Problem(path, "an artifact is a JSON object")
        return
    yield from _members(pin, _PIN, path, "an artifact")
    for name, is_right, wanted in _FIELDS:
        if name in pin and not is_right(pin[name]):
            yield Problem((*path, name), f"`{name}` must be {wanted}")


def _repeated(artifacts: list[Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, pin in enumerate(artifacts):
        uri = pin.get("uri") if isinstance(pin, dict) else None
        if isinstance(uri, str):
            if uri in seen:
                yield Problem(("artifacts", index, "uri"), "this artifact is pinned already")
            seen.add(uri)


def shortened(name: str) -> str:
    """A name from a lock, as a message can hold it."""
    printable = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return printable if len(printable) <= 40 else printable[:39] + "…"


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_uri(value: Any) -> bool:
    return isinstance(value, str) and _URI.fullmatch(value) is not None


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _are_models(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, str) and _MODEL.fullmatch(item) for item in value) and len(set(value)) == len(value)


_FIELDS = (
    ("uri", _is_uri, "the URI of an artifact"),
    ("sha256", _is_digest, "64 lower-case hexadecimal digits"),
    ("size", _is_count, "a number of bytes"),
    ("models", _are_models, "a list of `model@version`, none of them twice"),
)
