"""What was seen of the requests that were looked at: for the request and for each node of each arm, a Sight."""

from collections import deque
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, NamedTuple
from zlib import crc32

from comb_compiler.release import ExecutionPlan
from comb_compiler.runtime.health.drift import Stream, Windows
from comb_compiler.runtime.health.features import Feature, Features, compile_features
from comb_compiler.runtime.health.finite import compile_walk
from comb_compiler.runtime.health.reference import Distribution
from comb_compiler.runtime.health.subjects import arms_of, params_digest
from comb_compiler.runtime.health.watching import Glance
from comb_compiler.runtime.messages import Messages

__all__ = ["REQUESTS", "Observations", "Place", "Sight", "Stuck"]

REQUESTS = ""
"""The node and the arm of what is seen of requests: one for all arms."""

_RECENT = 200
_STUCK = 50
_FEWEST_REQUESTS = 5
"""A row of numbers is stuck when it did not move while at least so many different requests came."""


class Place(NamedTuple):
    """Where something is seen: a node of an arm, with the model version that answers there; or the requests."""

    arm: str
    node: str
    model: str = ""
    version: str = ""
    params: str = ""


class Stuck(NamedTuple):
    """A row of numbers that says nothing: equal among themselves (`flat`), or the same for different requests."""

    field: str
    answers: int
    flat: bool


class _Row:
    """How long a row of numbers has been flat, and how long the same."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._digest: str | None = None
        self._same = self._flat = 0
        self._requests: set[int] = set()

    def add(self, digest: str | None, flat: float | None, request: int) -> None:
        if digest is None:
            return
        self._flat = self._flat + 1 if flat else 0
        self._same = self._same + 1 if digest == self._digest else 1
        if self._same == 1 and not self._flat:
            self._requests.clear()
        if len(self._requests) < _FEWEST_REQUESTS:
            self._requests.add(request)
        self._digest = digest

    def stuck(self) -> Stuck | None:
        if len(self._requests) < _FEWEST_REQUESTS:
            return None
        if self._flat >= _STUCK:
            return Stuck(self._field, self._flat, True)
        return Stuck(self._field, self._same, False) if self._same >= _STUCK else None


class Sight:
    """What is seen at one place. One thread adds; any may read the properties."""

    def __init__(self, place: Place, descriptor: Any, features: Features, stream: Stream) -> None:
        self.place = place
        self.stream = stream
        self.answers = 0
        self.bad = 0
        """Answers that held a number that is not finite."""
        self.bad_at = ""
        self.stuck: tuple[Stuck, ...] = ()
        self._walk = compile_walk(descriptor)
        self._features = features
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._rows = {index: _Row(feature.name) for index, feature in enumerate(features.features) if feature.is_tensor}

    @property
    def recent(self) -> tuple[int, int]:
        """Of the last 200 answers: how many held a number that is not finite, and how many there were."""
        recent = tuple(self._recent)
        return sum(recent), len(recent)

    def add(self, message: Any, now: float, request: int = 0) -> int:
        """One more message. Gives a digest of what was seen of it."""
        bad_at = self._walk(message) if self._walk is not None else None
        self.answers += 1
        if bad_at is not None:
            self.bad += 1
            self.bad_at = bad_at
        self._recent.append(bad_at is not None)
        values = self._features.read(message)
        for index, row in self._rows.items():
            row.add(values[index], values[index - 1], request)  # type: ignore[arg-type]
        if self._rows:
            self.stuck = tuple(stuck for row in self._rows.values() if (stuck := row.stuck()) is not None)
        self.stream.add(values, now)
        return hash(tuple(values))


class Observations:
    """All sights of a plan. `given` has distributions of earlier days, by place."""

    def __init__(
        self,
        plan: ExecutionPlan,
        messages: Messages,
        windows: Windows,
        *,
        ignore: Sequence[str] = (),
        seed: int = 0,
        given: Mapping[Place, Mapping[str, Distribution]] | None = None,
    ) -> None:
        places = _places(plan)
        compiled = {name: compile_features(messages[name].DESCRIPTOR) for name in places.values()}
        hidden = tuple(path.removeprefix("request.") for path in plan.recording.redact)
        compared = {
            place: _compared(compiled[name].features, ignore, () if place.node else hidden)
            for place, name in places.items()
        }
        tests = {place: sum(1 if one.is_category else 2 for one in some.values()) for place, some in compared.items()}
        of_all = max(1, sum(tests.values()))
        self.sights: dict[tuple[str, str], Sight] = {}
        for place, name in places.items():
            level = windows.level / windows.per_day * tests[place] / of_all
            its_seed = seed ^ crc32(repr(place).encode("utf-8", "surrogatepass"))
            stream = Stream(compared[place], windows, level, its_seed, (given or {}).get(place))
            self.sights[place.arm, place.node] = Sight(place, messages[name].DESCRIPTOR, compiled[name], stream)
        self._nodes = {arm.name: [node.name for node in arm.graph.nodes] for arm in arms_of(plan)}

    def look(self, glance: Glance) -> None:
        """See what there is in one request."""
        now = monotonic()
        request = self.sights[REQUESTS, REQUESTS].add(glance.request, now)
        for node, value in zip(self._nodes[glance.arm], glance.values, strict=False):
            if value is not None:
                self.sights[glance.arm, node].add(value, now, request)

    def references(self) -> dict[Place, dict[str, Distribution]]:
        """What was seen at first, by place, as far as there is enough of it."""
        known = {sight.place: sight.stream.reference() for sight in self.sights.values()}
        return {place: reference for place, reference in known.items() if reference}


def _places(plan: ExecutionPlan) -> dict[Place, str]:
    """Every place, with the full name of what is seen there."""
    found = {Place(REQUESTS, REQUESTS): plan.method.input}
    for arm in arms_of(plan):
        for node in arm.graph.nodes:
            binding = plan.bindings[node.binding]
            model = binding.model
            its = (model.name, model.version, params_digest(model)) if model else ("", "", "")
            found[Place(arm.name, node.name, *its)] = binding.out
    return found


def _compared(features: Sequence[Feature], ignore: Sequence[str], hidden: Sequence[str]) -> dict[int, Feature]:
    """The features whose distributions are compared, by their place in a row; of fields that are `hidden`, none."""
    return {
        index: one
        for index, one in enumerate(features)
        if not one.is_tensor
        and one.name not in ignore
        and not any(one.name == path or one.name.startswith(f"{path}.") for path in hidden)
    }
