"""ExecutionPlan: a comb's graph lowered once, as the engine runs it. Versioned, serialisable, free of the compiler.

Everything is resolved: names are indexes or full names, durations are seconds, defaults are written out. What an arm
changes is a graph and bindings of its own; what it does not change, it shares.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from comb_compiler.release.tensors import Tensor

__all__ = [
    "REQUEST",
    "Arm",
    "Batch",
    "Binding",
    "Condition",
    "ExecutionPlan",
    "Experiment",
    "Graph",
    "Input",
    "Method",
    "Model",
    "Node",
    "OipTarget",
    "Port",
    "Process",
    "Recording",
    "Rule",
]

REQUEST = -1
"""The source that is the request itself."""


class Method(NamedTuple):
    """The Protobuf method that the comb answers. `input` and `output` are full names of messages."""

    service: str
    name: str
    input: str
    output: str
    server_streaming: bool = False


class Model(NamedTuple):
    """A model version as it is handed to an operator. `sha256` is empty where nothing pins it."""

    name: str
    version: str
    format: str
    artifact: str
    sha256: str
    params: Mapping[str, Any]


class OipTarget(NamedTuple):
    """A model on a server of the Open Inference Protocol; an empty `version` is the server's choice.

    `endpoint` is `grpc://host:port`, or `grpcs://host:port` for TLS. `inputs` are all tensors that the model takes,
    `outputs` those that are asked of it.
    """

    endpoint: str
    model: str
    version: str = ""
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()


class Port(NamedTuple):
    """An input of an operator."""

    name: str
    type: str
    optional: bool = False


class Batch(NamedTuple):
    """Calls that are run together: at most `size`; the first waits at most `wait` seconds for others."""

    size: int
    wait: float = 0.0


class Binding(NamedTuple):
    """An operator with everything that it is given: what is started once per process that hosts it.

    Exactly one of `run` (`package.module:Name`), `image` and `oip` is there. `fallback` is a message of type `out` in
    Protobuf's JSON form, None where there is none. `timeout` is in seconds, None where only the deadline bounds it.
    `retries` says how often a failed call may be tried again: 0 unless the comb declares that repeating it is safe.
    `workers` is how many calls (batches) run at once; None where that is the code's matter.
    """

    name: str
    operator: str
    ports: tuple[Port, ...]
    out: str
    run: str = ""
    image: str = ""
    oip: OipTarget | None = None
    model: Model | None = None
    timeout: float | None = None
    batch: Batch | None = None
    fallback: Mapping[str, Any] | None = None
    retries: int = 0
    workers: int | None = None


class Input(NamedTuple):
    """What flows into a port: the answer of node `source` (an index of the graph; REQUEST for the request).

    `fields` are the names of the message fields to follow from there. `convert` says that the value's type is another
    than the port's and compatible with it: it is read again as the port's type.
    """

    port: str
    source: int
    fields: tuple[str, ...] = ()
    convert: bool = False


class Condition(NamedTuple):
    """A CEL expression of type bool. `variables` are its free names, each with the node that it stands for.

    A node that gave nothing (skipped, or optional and failed) is null in it.
    """

    expression: str
    variables: Mapping[str, int]


class Node(NamedTuple):
    """One call. `after` are the nodes that it waits for, by index, each smaller than its own: nodes are in order.

    Where the condition does not hold, or a port that is not optional gets nothing, the node gives nothing. When it
    fails or is late it gives its binding's fallback, unless it is INVALID_ARGUMENT; without one, an `optional` node
    gives nothing, and any other fails the request. `timeout` overrides the binding's.
    """

    name: str
    binding: int
    inputs: tuple[Input, ...]
    after: tuple[int, ...]
    when: Condition | None = None
    optional: bool = False
    timeout: float | None = None


class Graph(NamedTuple):
    """Nodes in an order in which they can run, and the one that answers; `convert` as in Input, for the answer."""

    nodes: tuple[Node, ...]
    answer: int
    convert: bool = False


class Arm(NamedTuple):
    """A variant of the experiment: its weight, and the graph (an index of the plan's) that its users get."""

    name: str
    weight: int
    graph: int


class Experiment(NamedTuple):
    """An A/B test: `key` is `header/NAME` or a path of fields from the request; `salt` parts this test from others."""

    key: str
    salt: str
    arms: tuple[Arm, ...]


class Rule(NamedTuple):
    """Marks requests that were answered, but wrongly: where the CEL expression holds. It names the request and nodes.

    A graph that lacks one of these is not judged by it. `why` is for people.
    """

    name: str
    expression: str
    nodes: tuple[str, ...] = ()
    why: str = ""


class Recording(NamedTuple):
    """Which requests are kept: a share from 0 to 1, reasons to keep one whatever the share, and rules that mark.

    `redact` are paths of fields (`request.frame.user_id`, `node.field`) that nobody gets to see, `patterns` what is
    hidden in any text (see `release.patterns`), and `files` fields of the request that name files to be kept with it.
    `slow` is in seconds, and so is `keep`, after which a record is deleted.
    """

    sample: float
    always: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    slow: float | None = None
    patterns: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    marks: tuple[Rule, ...] = ()
    keep: float = 2_592_000.0

    @property
    def hides(self) -> bool:
        """Whether there is anything that nobody gets to see."""
        return bool(self.redact or self.patterns)


class Process(NamedTuple):
    """Bindings, by index, that run in one process. The first process answers requests."""

    name: str
    bindings: tuple[int, ...]


class ExecutionPlan(NamedTuple):
    """What the engine runs. `graphs[0]` is the comb as written; `deadline` is in seconds, None where none is promised.

    `descriptors` is a serialised FileDescriptorSet of the comb's own .proto files and all that they import.
    """

    comb: str
    method: Method
    graphs: tuple[Graph, ...]
    bindings: tuple[Binding, ...]
    descriptors: bytes
    deadline: float | None = None
    experiment: Experiment | None = None
    recording: Recording = Recording(0.0)
    processes: tuple[Process, ...] = ()
