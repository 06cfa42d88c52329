"""report.json of `comb gate`, which ran code of the change beside it → what is told of it, or why it does not count."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from comb_compiler.cli.ci.reading import read_json
from comb_compiler.cli.ci.report import BadReport, Gate, Verdict
from comb_compiler.cli.exits import Exit

__all__ = ["Found", "found_in"]

_MOST_GATES = 100
_MOST_SAID = 50
_LONGEST = 2000
_MOST_ASKED = 10**12
_NOT_APPLICABLE = "not applicable"
_OF_A_GATE = (Verdict.PASSED, Verdict.BLOCKED, Verdict.UNDECIDED, _NOT_APPLICABLE)
_BY_CODE: Mapping[int, tuple[str, ...]] = {
    Exit.CLEAN: (Verdict.PASSED, _NOT_APPLICABLE),
    Exit.GATE_BLOCKS: (Verdict.BLOCKED, Verdict.UNDECIDED),
}
"""What a report may say where `comb gate` ended so: it is the code that says whether gates let pass."""
_T = TypeVar("_T")


class Found(NamedTuple):
    """What a run of gates found: the verdict, each gate's, and sentences about the exam."""

    verdict: str
    gates: tuple[Gate, ...]
    remarks: tuple[str, ...]


def found_in(content: bytes, code: int, arm: str) -> Found:
    """What the report says of a run that ended with `code`. Raises BadReport where it is none, or says another thing.

    Whoever forges one can have gates say no, and no more.
    """
    whole = _object(read_json(content), "the whole")
    verdict = _field(whole, "verdict", str)
    gates = tuple(_gate(one, arm) for one in _list(whole, "gates", _MOST_GATES))
    if code == Exit.FINDINGS:
        verdict = Verdict.REFUSED
    elif verdict not in _BY_CODE.get(code, ()):
        raise BadReport(f"its verdict is none with which `comb gate` ends with {code}")
    elif code == Exit.CLEAN and not all(one.verdict in _BY_CODE[code] for one in gates):
        raise BadReport("one of its gates does not let pass what all of them do")
    weakened = tuple(_weakened(one) for one in _list(whole, "weakened", _MOST_GATES))
    return Found(Verdict.PASSED if verdict == _NOT_APPLICABLE else verdict, gates, weakened)


def _gate(found: Mapping[str, Any], arm: str) -> Gate:
    ruling = _object(found.get("ruling"), "ruling")
    name, verdict, asked = _field(found, "gate", str), _field(ruling, "verdict", str), _field(found, "asked", int)
    if verdict not in _OF_A_GATE:
        raise BadReport("`verdict` is none that a gate has")
    if not 0 <= asked <= _MOST_ASKED:
        raise BadReport("`asked` is no number of samples")
    why = ruling.get("why")
    if not isinstance(why, list) or not all(isinstance(one, str) for one in why):
        raise BadReport("`why` is no list of texts")
    more = [f"and {len(why) - _MOST_SAID:,} reasons more"] if len(why) > _MOST_SAID else []
    said = (*(one[:_LONGEST] for one in why[:_MOST_SAID]), *more)
    return Gate(f"{name[:_LONGEST]} of {arm}" if arm else name[:_LONGEST], verdict, said, asked)


def _weakened(found: Mapping[str, Any]) -> str:
    place, said = _field(found, "place", str), _field(found, "said", str)
    passes = "there is no waiver"
    if found.get("waiver") is not None:
        waiver = _object(found["waiver"], "waiver")
        by, until, why = (_field(waiver, name, str) for name in ("by", "until", "why"))
        passes = f"waived by {by} until {until}: {why}"
    return f"the change asks for less than before at {place}: {said}; {passes}"[:_LONGEST]


def _list(found: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    value = _field(found, name, list)
    if len(value) > most:
        raise BadReport(f"`{name}` has more than {most}")
    return [_object(one, f"{name}[]") for one in value]


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadReport(f"`{name}` is no object")
    return value


def _field(found: Mapping[str, Any], name: str, kind: type[_T]) -> _T:
    value = found.get(name)
    if type(value) is not kind:
        raise BadReport(f"`{name}` is {'missing' if name not in found else f'no {kind.__name__}'}")
    return value
