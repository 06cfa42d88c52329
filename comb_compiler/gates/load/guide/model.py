"""What the guide reads, and what it says: plain values."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from comb_compiler.diagnostics import Fix
from comb_compiler.gates.load.growth import Growth
from comb_compiler.release import Graph

__all__ = [
    "Advice", "BatchSeen", "Bound", "Cost", "Gain", "GpuSeen", "Guide", "Kind", "OperatorSeen", "Run", "Scene", "Write",
    "Written",
]  # fmt: skip


class BatchSeen(NamedTuple):
    """Batches of one size: how many there were, and seconds in all."""

    size: int
    many: float
    seconds: float


class OperatorSeen(NamedTuple):
    """What a service said of one step of its graph, as it was loaded: calls that ended, and seconds in all.

    `turns` counts calls whose turn came, and `waited` is what all waited for theirs. `cpu` is the CPU time of `timed`
    calls. `late` counts those that its timeout ended. `buckets` are how many took at most so many seconds, `workers`
    how many calls run at once (None: nothing bounds it). `batches` are those since the process started.
    """

    step: str
    operator: str
    calls: float
    seconds: float
    turns: float = 0.0
    waited: float = 0.0
    timed: float = 0.0
    cpu: float = 0.0
    late: float = 0.0
    buckets: tuple[tuple[float, float], ...] = ()
    workers: int | None = None
    batches: tuple[BatchSeen, ...] = ()

    @property
    def mean(self) -> float:
        """Seconds of a call, waiting included."""
        return self.seconds / self.calls if self.calls else 0.0

    @property
    def wait(self) -> float:
        """Seconds that a call waits for its turn."""
        return self.waited / self.calls if self.calls else 0.0

    @property
    def service(self) -> float:
        """Seconds of a call from its turn on."""
        return max(0.0, self.mean - self.wait)

    @property
    def computing(self) -> float | None:
        """Seconds of CPU time of a call; None where it was not measured."""
        return self.cpu / self.timed if self.timed else None

    @property
    def cpu_share(self) -> float:
        """The part of its service in which a call computes; 0 where that is not known."""
        return (self.computing or 0.0) / self.service if self.service else 0.0


class GpuSeen(NamedTuple):
    """A GPU as long as the load lasted: shares of time in which anything ran on it, and bytes at most."""

    name: str
    utilization: tuple[float, ...]
    memory_used: int | None = None
    memory_total: int | None = None


class Run(NamedTuple):
    """One target, held at a rate without a break. Times in seconds.

    `due` is when requests were due and `latency` what they took on average, `cpu` the CPU time of one, and `cores` how
    many cores there are. `start` is what the service took to start, and `memory` what it held at last, in bytes.
    `before` has seconds of a call in the baseline from its turn on, by step. `unserved` is the share of requests that
    ran out of time or were refused.
    """

    rate: float
    seconds: float
    due: Sequence[float]
    latency: float
    operators: tuple[OperatorSeen, ...]
    cores: int
    cpu: float | None = None
    start: float | None = None
    memory: float | None = None
    growth: Growth | None = None
    gpus: tuple[GpuSeen, ...] = ()
    before: Mapping[str, float] = {}
    unserved: float = 0.0


class Written(NamedTuple):
    """What comb.yaml says of an operator, with its defaults. Seconds, bytes, cores, and shares of one GPU."""

    timeout: float | None = None
    batch: int | None = None
    patience: float = 0.0
    least: int = 1
    cpu: float | None = None
    memory: int | None = None
    gpu: float | None = None


class Write(NamedTuple):
    """`text` at a path of comb.yaml, as YAML; a text that is empty takes the key away."""

    path: tuple[str, ...]
    text: str


class Scene(NamedTuple):
    """All that rules look at: a run, what comb.yaml says of operators by name, and the graph that was run.

    `qps` is what is promised, `deadline` what a request has. `passed` has the inputs of steps, by step and port, that
    were always the same as an earlier value, which is how a source is written: `$request.frame`. `changed` has what the
    baseline says otherwise, by operator.
    """

    run: Run
    written: Mapping[str, Written]
    graph: Graph
    qps: float | None = None
    deadline: float | None = None
    passed: Mapping[tuple[str, str], str] = {}
    changed: Mapping[str, tuple[Write, ...]] = {}


class Kind(StrEnum):
    """What is gained."""

    LATENCY = "latency"
    """Seconds of a request, on average."""
    LATE = "late"
    """The share of an operator's calls that its timeout ends."""
    COST = "cost"
    """Seconds of cores, or of GPUs, that are reserved for 1,000 requests."""
    START = "start"
    """Seconds until a request is answered that finds no instance."""
    TIME = "time"
    """Seconds until memory is full."""
    ROOM = "room"
    """The share in use of the memory that operators ask for; more than 1 where they use more."""


class Gain(NamedTuple):
    """How much, at least and at most, of what there is `now`; and by which law that was reckoned.

    Of Kind.TIME it is what is added; of all others what is taken away.
    """

    kind: Kind
    now: float
    lower: float
    upper: float
    law: str

    @property
    def expected(self) -> float:
        """The middle, as a share of what there is now."""
        return (self.lower + self.upper) / 2 / self.now if self.now else 0.0


class Advice(NamedTuple):
    """What is wrong, in a sentence that has the figures; what to write; what that gains. `fix` is made of `writes`."""

    rule: str
    operator: str
    step: str
    says: str
    writes: tuple[Write, ...]
    gain: Gain
    fix: Fix | None = None


class Bound(NamedTuple):
    """The operator that takes most of the longest path, its `share` of that, and what holds it up itself."""

    operator: str
    step: str
    share: float
    by: str


class Cost(NamedTuple):
    """Of 1,000 requests: seconds of cores that were used, that are reserved, and of GPUs that are reserved."""

    used: float | None
    cores: float | None
    gpus: float | None


class Guide(NamedTuple):
    """What bounds the path, what it costs, and what to do, what gains most first.

    `files` are the files that fixes are for, by their SHA-256: to others they do not apply. `rate` is that of the step
    which all of it is about, `latency` what its requests took on average, in seconds.
    """

    rate: float
    latency: float
    bound: Bound | None
    cost: Cost
    advice: tuple[Advice, ...]
    files: Mapping[str, str] = {}
