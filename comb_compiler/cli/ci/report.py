"""What is said of a change, as values that are written as JSON and read again by who does not trust them.

`schemas/ci-report.v1.schema.json` has the form, which follows from the types here.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

__all__ = [
    "VERSION", "BadReport", "Comb", "Effect", "Finding", "Gate", "Place", "Report", "Usage", "Verdict", "parse_report",
    "report_bytes", "report_schema",
]  # fmt: skip

VERSION = 1
_T = TypeVar("_T")


class Verdict:
    """What becomes of a change, in a word."""

    PASSED = "passed"
    REFUSED = "refused"
    """The comb, the platform or a policy says no."""
    BLOCKED = "blocked"
    UNDECIDED = "undecided"
    FAILED = "failed"
    """Something outside failed: trying again may help."""


class Finding(NamedTuple):
    """Something wrong in a file; lines and columns count from 1."""

    severity: str
    code: str
    message: str
    file: str
    line: int
    column: int


class Effect(NamedTuple):
    """One thing that a change does in a cluster; `grave` where somebody has to look."""

    topic: str
    text: str
    grave: bool


class Usage(NamedTuple):
    """How much all pods ask of a resource with the fewest instances, before and after."""

    resource: str
    before: str
    after: str


class Place(NamedTuple):
    """All that changes of a comb in a cluster, in words."""

    environment: str
    cluster: str
    namespace: str
    counts: str
    effects: tuple[Effect, ...]
    usage: tuple[Usage, ...]


class Gate(NamedTuple):
    """What a gate said, and why."""

    gate: str
    verdict: str
    why: tuple[str, ...]
    asked: int


class Comb(NamedTuple):
    """All about a comb that a change touches: `touched` are the files; `remarks` whole sentences."""

    name: str
    team: str
    file: str
    verdict: str
    touched: tuple[str, ...]
    proven: bool
    """Whether the gates prove the same of it as before."""
    findings: tuple[Finding, ...]
    places: tuple[Place, ...]
    gates: tuple[Gate, ...]
    remarks: tuple[str, ...]


class Report(NamedTuple):
    """All about a change. `retire` are combs that it removes, and `findings` what is wrong beside any comb."""

    version: int
    verdict: str
    exit: int
    base: str
    commit: str
    behind: int
    files: int
    conflicts: tuple[str, ...]
    retire: tuple[str, ...]
    findings: tuple[Finding, ...]
    combs: tuple[Comb, ...]


class BadReport(Exception):
    """A file is no report of a change; the message says why."""


def report_bytes(report: Report) -> bytes:
    """The file's content."""
    return (json.dumps(_plain(report), indent=2, ensure_ascii=True) + "\n").encode("ascii")


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def parse_report(content: bytes) -> Report:
    """The report that a file holds. Raises BadReport for whatever else there is."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise BadReport("it is no JSON") from problem
    report = _read(Report, found, "")
    if report.version != VERSION:
        raise BadReport(f"it has version {report.version}, and this Comb reads {VERSION}")
    return report


def _read(kind: type[_T], value: Any, at: str) -> _T:
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise BadReport(f"`{at}` is no list")
        return kind(_read(get_args(kind)[0], one, f"{at}[]") for one in value)  # type: ignore[call-arg]
    if hasattr(kind, "_fields"):
        hints = get_type_hints(kind)
        if not isinstance(value, Mapping) or value.keys() != hints.keys():
            raise BadReport(f"`{at or 'the whole'}` has not the fields {', '.join(hints)}")
        return kind(**{name: _read(hint, value[name], f"{at}.{name}".lstrip(".")) for name, hint in hints.items()})
    if type(value) is not kind:
        raise BadReport(f"`{at}` is no {kind.__name__}")
    return value


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"https://comb.dev/schemas/ci-report.v{VERSION}.schema.json",
        "title": "CiReport",
        "description": "What `comb ci` says of a change: its `report.json`.",
    }
    return {**head, **_schema(Report)}


_NAMES = {str: "string", int: "integer", bool: "boolean"}


def _schema(kind: Any) -> dict[str, Any]:
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0])}
    if hasattr(kind, "_fields"):
        properties = {name: _schema(hint) for name, hint in get_type_hints(kind).items()}
        return {
            "type": "object",
            "additionalProperties": False,
            "required": list(properties),
            "properties": properties,
        }
    return {"type": _NAMES[kind]}
