"""A reference as a file: distributions of figures by place, and right answers to golden samples. Versioned JSON.

`schemas/health-reference.v1.schema.json` has its form.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.runtime.health.observations import Place
from comb_compiler.runtime.health.reference import Distribution
from comb_compiler.runtime.health.rounds import Recorded

__all__ = ["NOTHING", "BadReference", "Saved", "read_saved", "saved_bytes"]

_VERSION = 1


class BadReference(Exception):
    """The bytes are no reference; the message says why, in one sentence."""


class Saved(NamedTuple):
    """What one comb's health is compared with."""

    comb: str
    references: Mapping[Place, Mapping[str, Distribution]]
    answers: Recorded


NOTHING = Saved("", {}, {})


def saved_bytes(saved: Saved) -> bytes:
    """The file; the same bytes for the same content."""
    content = {
        "version": _VERSION,
        "comb": saved.comb,
        "places": [
            {**place._asdict(), "features": {name: _written(one) for name, one in sorted(features.items())}}
            for place, features in sorted(saved.references.items())
        ],
        "goldens": [
            {"arm": arm, "sample": name, "digest": digest, "answers": answers}
            for (arm, name), (digest, answers) in sorted(saved.answers.items())
        ],
    }
    return (json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n").encode("utf-8")


def _written(one: Distribution) -> dict[str, Any]:
    if one.names is not None:
        return {"names": list(one.names), "counts": list(one.counts)}
    return {
        "edges": list(one.edges),
        "counts": list(one.counts),
        "sample": [float(f"{value:.7g}") for value in one.sample],
    }


def read_saved(content: bytes) -> Saved:
    """A file's content. Raises BadReference."""
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadReference("it is no JSON in UTF-8") from error
    if not isinstance(value, dict) or value.get("version") != _VERSION:
        raise BadReference(
            f'it is no reference of health in version {_VERSION}, which begins with "version": {_VERSION}'
        )
    try:
        return Saved(
            _text(value["comb"]),
            {_place(one): {name: _read(figure) for name, figure in one["features"].items()} for one in value["places"]},
            {
                (_text(one["arm"]), _text(one["sample"])): (_text(one["digest"]), dict(one["answers"]))
                for one in value["goldens"]
            },
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadReference(f"it does not have the form of a reference ({type(error).__name__}: {error})") from error


def _place(one: Mapping[str, Any]) -> Place:
    return Place(*(_text(one[name]) for name in Place._fields))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _read(one: Mapping[str, Any]) -> Distribution:
    counts = tuple(int(count) for count in one["counts"])
    if "names" in one:
        bins = Distribution(counts, names=tuple(_text(name) for name in one["names"]))
        wanted = len(bins.names or ()) + 1
    else:
        bins = Distribution(counts, tuple(sorted(map(float, one["edges"]))), tuple(sorted(map(float, one["sample"]))))
        wanted = len(bins.edges) + 1
    if len(counts) != wanted or min(counts) < 0 or not sum(counts):
        raise ValueError(f"{len(counts)} counts for {wanted} bins")
    return bins
