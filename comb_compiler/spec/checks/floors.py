"""Promises and proofs that are weaker than what the platform wants of every comb."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from comb_compiler.diagnostics import Diagnostic, Label, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.platform.release import Floors
from comb_compiler.spec.units import format_duration
from comb_compiler.spec.wording import listed

__all__ = ["check_floors"]


def check_floors(
    bound: Bound[Comb], comb: Comb, platform: Bound[Platform], environment: str | None
) -> Iterator[Diagnostic]:
    """What `comb` promises or proves less than the platform wants, and with `environment` than that wants besides."""
    assert platform.value is not None
    floors: list[tuple[Path, Floors]] = [(("floors",), platform.value.floors)]
    if environment in platform.value.environments:
        floors.append((("environments", environment, "floors"), platform.value.environments[environment].floors))
    for path, wanted in floors:
        floor = _Floor(bound, comb, platform, path)
        yield from floor.promises(wanted)
        yield from floor.proofs(wanted)


_PROMISES = {
    "deadline": "deadline",
    "p95": "p95",
    "p99": "p99",
    "timeout_rate": "timeoutRate",
    "error_rate": "errorRate",
}
_REGULAR = ("gates", "replay", "regular")


class _Floor:
    """One set of floors, and the comb that is held to it."""

    def __init__(self, bound: Bound[Comb], comb: Comb, platform: Bound[Platform], path: Path) -> None:
        self._bound = bound
        self._comb = comb
        self._platform = platform
        self._path = path

    def promises(self, wanted: Floors) -> Iterator[Diagnostic]:
        absent: dict[str, Any] = {}
        for name, alias in _PROMISES.items():
            most, promised = getattr(wanted.sla, name), getattr(self._comb.sla, name)
            if most is None or not self._bound.is_sound("sla", alias):
                continue
            if promised is None:
                absent[alias] = most
            elif promised > most:
                yield self._below(("sla", alias), ("sla", alias), promised, most, "at most")
        if len(absent) > 1:
            yield self._unpromised(absent)
        else:
            for alias, most in absent.items():
                yield self._below(("sla", alias), ("sla", alias), None, most, "at most")

    def proofs(self, wanted: Floors) -> Iterator[Diagnostic]:
        if not self._bound.is_sound("gates"):
            return
        replay = self._comb.gates.replay
        regular = replay.regular if replay else None
        same, samples = wanted.gates.same, wanted.gates.samples
        if regular is None and same is not None and samples is not None:
            proof = f"`gates.replay.regular` with `count` {samples:,} and `same` {_shown(same)} at least"
            yield self._absent(_REGULAR, ("gates",), proof)
            same = samples = None
        if same is not None and (regular is None or regular.same < same):
            yield self._below((*_REGULAR, "same"), ("gates", "same"), regular and regular.same, same, "at least")
        if samples is not None and (regular is None or regular.count < samples):
            yield self._below(
                (*_REGULAR, "count"), ("gates", "samples"), regular and regular.count, samples, "at least"
            )
        if wanted.gates.error and (replay is None or replay.error is None):
            yield self._absent(("gates", "replay", "error"), ("gates", "error"), "marked errors to be replayed")
        if wanted.gates.load and self._comb.gates.load is None:
            yield self._absent(("gates", "load"), ("gates", "load"), "a load gate")

    def _below(self, field: Path, floor: Path, given: Any, wanted: Any, word: str) -> Diagnostic:
        name = format_path(field)
        if given is None:
            return self._absent(field, floor, f"`{name}` to be {word} {_shown(wanted)}")
        message = f"`{name}` is {_shown(given)}, and this platform wants {word} {_shown(wanted)}"
        place = self._bound.place(*field)
        hint = f"write {word} {_shown(wanted)}, or ask the platform's team for another floor"
        written = place.path == field
        span = place.span if written else place.key_span if place.path else _title(self._bound)
        label = "" if written else f"`{field[-1]}` is {_shown(given)} by default"
        related = (*place.related, self._where(floor))
        path = format_path(field)
        return diagnose(codes.BELOW_FLOOR, message, span, label=label, related=related, path=path, hints=(hint,))

    def _unpromised(self, most: dict[str, Any]) -> Diagnostic:
        """Promises that are not made at all: one mistake, however many they are."""
        place = self._bound.place("sla")
        promise = ", ".join(f"{name}: {_shown(value)}" for name, value in most.items())
        return diagnose(
            codes.BELOW_FLOOR,
            f"this platform wants {listed(f'sla.{name}' for name in most)}, and the comb says nothing of them",
            place.key_span if place.path else _title(self._bound),
            label=f"{'these' if place.path else '`sla`'} {'are' if place.path else 'is'} missing",
            related=(self._where(("sla",)),),
            path="sla",
            hints=(f"write `sla: {{{promise}}}`, or less, or ask the platform's team for another floor",),
        )

    def _absent(self, field: Path, floor: Path, wanted: str) -> Diagnostic:
        """What is not there at all: said where it should be, as far as that is written."""
        place = self._bound.place(*field)
        span = place.key_span if place.path else _title(self._bound)
        path = format_path(field)
        return diagnose(
            codes.BELOW_FLOOR,
            f"this platform wants {wanted}, and the comb says nothing of it",
            span,
            label=f"`{path}` is missing",
            related=(self._where(floor),),
            path=path,
            hints=(f"add `{path}`, or ask the platform's team for another floor",),
        )

    def _where(self, floor: Path) -> Label:
        return Label(self._platform.place(*self._path, *floor).span, "the platform's floor")


def _title(bound: Bound[Comb]) -> Span:
    return bound.place("metadata", "name").span


def _shown(value: object) -> str:
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Decimal):
        percent = f"{value * 100:f}"
        return (percent.rstrip("0").rstrip(".") if "." in percent else percent) + "%"
    return f"{value:,}" if isinstance(value, int) else str(value)
