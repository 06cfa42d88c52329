"""Whether figures still come from where their reference came from: window by window, in bounded memory."""

from array import array
from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from comb_compiler.runtime.health.features import Feature
from comb_compiler.runtime.health.reference import (
    FEWEST,
    SAMPLE,
    Distribution,
    category_reference,
    number_reference,
)
from comb_compiler.runtime.health.statistics import holm, ks, ks_chance, psi, psi_chance

__all__ = ["MODERATE", "STRONG", "Shift", "Stream", "Windows"]

MODERATE, STRONG = 0.1, 0.25
"""PSI from which on a shift is worth a look, and worth acting upon (Siddiqi 2006)."""
_KS_MODERATE = 0.1

_DAY = 86_400.0


class Windows(NamedTuple):
    """How much is looked at together, and how often one may be wrong.

    A reference has `reference` observations, where none is given. A window has at least `size` and lasts at least
    `seconds`. Where nothing changes, the chance that anything at all is called a shift within a day is at most `level`.
    """

    reference: int = 2000
    size: int = 500
    seconds: float = 600.0
    level: float = 0.01

    @property
    def per_day(self) -> float:
        """How many windows a day can have; a day is taken to have no more than one each second."""
        return max(1.0, _DAY / max(1.0, self.seconds))


class Shift(NamedTuple):
    """How far a figure is from its reference. `chance` is the smaller of both p-values, corrected for the stream."""

    feature: str
    psi: float
    ks: float
    chance: float
    is_shifted: bool


class Stream:
    """The figures of one place: collects a reference, then compares windows with it.

    `features` are those that are compared, by their place in a row of values. `level` is the chance of a false alarm
    that one window of this stream may have. Not for several threads at once; `shifts`, `windows` and `progress` may be
    read from any.
    """

    def __init__(
        self,
        features: Mapping[int, Feature],
        windows: Windows,
        level: float,
        seed: int,
        given: Mapping[str, Distribution] | None = None,
    ) -> None:
        self.shifts: tuple[Shift, ...] = ()
        """Of the last window that ended."""
        self.windows = 0
        self.observations = 0
        self._features = tuple(features.values())
        self._picked = tuple(features)
        self._settings = windows
        self._level = level
        self._random = Random(seed)  # noqa: S311
        self._references: list[Distribution | None] = []
        self._collected = [_Collected(feature) for feature in self._features]
        self._open: list[_Window] = []
        self._began = 0.0
        self._in_window = 0
        if given is not None:
            self._settle([given.get(feature.name) for feature in self._features])

    @property
    def progress(self) -> float:
        """From 0 to 1: how much of the reference is there."""
        return 1.0 if self._references else min(1.0, self.observations / self._settings.reference)

    def reference(self) -> dict[str, Distribution]:
        """The references by feature; while they are being collected, of what there is: of 100 observations at least."""
        known = self._references or [one.made(self._random) for one in self._collected]
        return {feature.name: one for feature, one in zip(self._features, known, strict=True) if one is not None}

    def add(self, values: Sequence[float | str | None], now: float) -> None:
        """One more observation: the values of the features, at a time in seconds."""
        self.observations += 1
        if not self._references:
            for one, index in zip(self._collected, self._picked, strict=True):
                one.add(values[index])
            if self.observations >= self._settings.reference:
                self._settle([one.made(self._random) for one in self._collected])
            return
        if not self._in_window:
            self._began = now
            self._open = [_Window(one, self._random) for one in self._references]
        self._in_window += 1
        for window, index in zip(self._open, self._picked, strict=True):
            window.add(values[index])
        if self._in_window >= self._settings.size and now - self._began >= self._settings.seconds:
            self._in_window = 0
            self.windows += 1
            self.shifts = self._compared()

    def _settle(self, references: list[Distribution | None]) -> None:
        self._references = references
        self._collected = []

    def _compared(self) -> tuple[Shift, ...]:
        """Every figure against its reference: PSI and KS, and the chances of all of them corrected together."""
        rows = [
            (feature.name, *window.compared())
            for feature, window in zip(self._features, self._open, strict=True)
            if window.is_enough
        ]
        corrected = holm([chance for _, _, _, *both in rows for chance in both])
        shifts = []
        for index, (name, index_psi, distance, *_) in enumerate(rows):
            by_psi, by_ks = corrected[2 * index], corrected[2 * index + 1]
            is_shifted = (by_psi < self._level and index_psi >= MODERATE) or (
                by_ks < self._level and distance >= _KS_MODERATE
            )
            shifts.append(Shift(name, index_psi, distance, min(by_psi, by_ks), is_shifted))
        return tuple(shifts)


class _Collected:
    """The values of a feature until there are enough for a reference."""

    def __init__(self, feature: Feature) -> None:
        self._numbers = array("d")
        self._names: list[str] = []
        self._is_category = feature.is_category

    def add(self, value: float | str | None) -> None:
        if isinstance(value, str):
            self._names.append(value)
        elif value is not None:
            self._numbers.append(value)

    def made(self, random: Random) -> Distribution | None:
        if self._is_category:
            return category_reference(self._names) if len(self._names) >= FEWEST else None
        return number_reference(self._numbers, random) if len(self._numbers) >= FEWEST else None


class _Window:
    """The values of a feature in one window: counts by the reference's bins, and a reservoir (Vitter's algorithm R)."""

    def __init__(self, reference: Distribution | None, random: Random) -> None:
        self._reference = reference
        self._random = random
        self._counts = [0] * (len(reference.counts) if reference else 0)
        self._sample: list[float] = []
        self._seen = 0

    @property
    def is_enough(self) -> bool:
        """Whether there is a reference, and enough to compare with it."""
        return self._reference is not None and self._seen >= FEWEST

    def add(self, value: float | str | None) -> None:
        if value is None or self._reference is None:
            return
        self._seen += 1
        self._counts[self._reference.bin(value)] += 1
        if isinstance(value, str):
            return
        if len(self._sample) < SAMPLE:
            self._sample.append(value)
        elif (place := int(self._random.random() * self._seen)) < SAMPLE:
            self._sample[place] = value

    def compared(self) -> tuple[float, float, float, float]:
        """PSI, KS, and the chance of each."""
        assert self._reference is not None
        kept = [pair for pair in zip(self._reference.counts, self._counts, strict=True) if any(pair)]
        reference, window = [one for one, _ in kept], [other for _, other in kept]
        index, by_psi = psi(reference, window), psi_chance(reference, window)
        if self._reference.names is not None:
            return index, 0.0, by_psi, 1.0
        distance = ks(self._reference.sample, sorted(self._sample))
        return index, distance, by_psi, ks_chance(distance, len(self._reference.sample), len(self._sample))
