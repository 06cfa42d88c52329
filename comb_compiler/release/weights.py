"""The weights of arms and of a candidate, as they are while a release runs: a file that is mounted, and read again.

`schemas/weights.v1.schema.json` says the form to other tools. What is there replaces what comb.yaml says.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from comb_compiler.release.reading import repeated, shown

__all__ = ["MOST_BYTES", "RELEASE", "BadWeights", "Candidate", "Weights", "parse_weights", "weights_bytes"]

MOST_BYTES = 262_144
"""How large the file may be."""

_MOST = 1_000_000
_HOST = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)"
_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_ADDRESS = f"{_HOST}:{_PORT}"
RELEASE = r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,252}"
"""The name of a release, as headers and labels can hold it."""


class BadWeights(Exception):
    """The bytes are no weights for this experiment; the message is one sentence that says why."""


class Candidate(NamedTuple):
    """A release that is tried on a part of the users: `weight` percent of them.

    `address` is where it answers, `host:port`; empty where it runs beside the stable one in a process.
    """

    weight: float
    address: str = ""
    release: str = ""


class Weights(NamedTuple):
    """Weights by arm; None where comb.yaml's hold."""

    arms: Mapping[str, int] | None = None
    candidate: Candidate | None = None


def weights_bytes(weights: Weights) -> bytes:
    """The file; the same bytes for the same weights."""
    written: dict[str, Any] = {}
    if weights.arms is not None:
        written["arms"] = dict(weights.arms)
    if weights.candidate is not None:
        written["candidate"] = {name: value for name, value in weights.candidate._asdict().items() if value != ""}
    return f"{json.dumps(written, indent=2, sort_keys=True, allow_nan=False)}\n".encode()


def parse_weights(content: bytes, arms: Collection[str]) -> Weights:
    """Weights from their file, for an experiment that has `arms`. Raises BadWeights: a file is taken whole, or not."""
    if len(content) > MOST_BYTES:
        raise BadWeights(f"it is larger than {MOST_BYTES} bytes")
    if not content.strip():
        raise BadWeights("it is empty")
    try:
        found = json.loads(content.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadWeights("it is no JSON, or was cut off") from error
    _must_have(found, "", ("arms", "candidate"))
    return Weights(
        _arms(found["arms"], arms) if "arms" in found else None,
        _candidate(found["candidate"]) if "candidate" in found else None,
    )


def _arms(found: Any, arms: Collection[str]) -> dict[str, int] | None:
    if not arms and found != {}:
        raise BadWeights("`arms` must be left out, since the comb has no experiment")
    _must_have(found, "arms", arms)
    for name, weight in found.items():
        if not _is_number(weight) or weight != weight // 1 or not 0 <= weight <= _MOST:
            raise BadWeights(f"`arms.{name}` must be a whole number from 0 to {_MOST}, not {_shown(weight)}")
    missing = [name for name in arms if name not in found]
    if missing:
        raise BadWeights(f"`arms` says nothing of {_listed(missing)}")
    if arms and not any(found.values()):
        raise BadWeights("no arm has any weight, so nobody could be served")
    return {name: int(weight) for name, weight in found.items()} or None


def _candidate(found: Any) -> Candidate:
    _must_have(found, "candidate", Candidate._fields)
    if "weight" not in found:
        raise BadWeights("`candidate.weight` must be there")
    weight = found["weight"]
    if not _is_number(weight) or not 0 <= weight <= 100:
        raise BadWeights(f"`candidate.weight` must be a percentage from 0 to 100, not {_shown(weight)}")
    for name, form, wanted in (("address", _ADDRESS, "`host:port`"), ("release", RELEASE, "the name of a release")):
        if name in found and not (isinstance(found[name], str) and re.fullmatch(form, found[name])):
            raise BadWeights(f"`candidate.{name}` must be {wanted}, not {_shown(found[name])}")
    if "address" in found and "release" not in found:
        raise BadWeights("`candidate.release` must be there, so that a process knows whether it is the candidate")
    return Candidate(weight, found.get("address", ""), found.get("release", ""))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = repeated(pairs)
    if twice is not None:
        raise BadWeights(f"it has {_shown(twice)} twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise BadWeights(f"{name} is no JSON, and no weight")


def _must_have(found: Any, path: str, names: Iterable[str]) -> None:
    """An object with no other keys than `names`."""
    place = f"`{path}`" if path else "it"
    if not isinstance(found, dict):
        raise BadWeights(f"{place} must be an object, not {_shown(found)}")
    for name in found:
        if name not in names:
            raise BadWeights(f"{place} has {_shown(name)}, which is none of {_listed(names)}")


def _is_number(value: Any) -> bool:
    """Whether it is a finite number; JSON's 1e999 reads as infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _shown(value: Any) -> str:
    return shown(value, most=60, kept=57)
