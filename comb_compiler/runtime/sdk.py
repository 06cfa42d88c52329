"""What operator code uses: `operator`, `Model`, `Call`, `Parcel`.

An operator is a class with a typed `__call__`, or a function:

    class Detect:
        def __init__(self, model: Model[Params]) -> None: ...
        def warm_up(self) -> None: ...                   # before the first call, where it is there
        def __call__(self, frame: Frame) -> Boxes: ...   # or `async def`
        def close(self) -> None: ...                     # after the last call, where it is there

Parameters of `__call__` are the ports; their types are Protobuf messages (`X | None` where the port is optional). They
are shared with other operators, so they are read, never changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast, overload

from comb_compiler.runtime.codes import Code, OperatorError

__all__ = ["Call", "Execution", "Model", "Options", "Parcel", "Workspace", "operator", "options_of"]

Execution = Literal["loop", "thread", "process"]

T = TypeVar("T")
Params = TypeVar("Params")
MessageType = TypeVar("MessageType")


class Options(NamedTuple):
    """What an operator declares of itself beyond its types; `operator` says what each means."""

    execution: Execution | None = None
    batch: bool = False
    retry_safe: bool = False
    concurrency: int | None = None


@overload
def operator(target: T, /) -> T: ...


@overload
def operator(
    *,
    execution: Execution | None = None,
    batch: bool = False,
    retry_safe: bool = False,
    concurrency: int | None = None,
) -> Callable[[T], T]: ...


def operator(
    target: Any = None,
    /,
    *,
    execution: Execution | None = None,
    batch: bool = False,
    retry_safe: bool = False,
    concurrency: int | None = None,
) -> Any:
    """Say how an operator wants to be run; without it, or as a bare `@operator`, the defaults hold.

    - `execution`: where. "thread" (the default of a `def`) suits native code, which lets go of the interpreter;
      "process" suits work in Python; "loop" suits what returns within microseconds. An `async def` is in the loop.
    - `batch`: it takes a list for each port, all of one length, and returns the list of answers. An answer may be an
      OperatorError, which fails that call alone.
    - `retry_safe`: a call may be repeated without harm. A batch that raises is then run again in halves, until those
      that spoil it are alone.
    - `concurrency`: how many calls (batches) may run at once: threads that share the instance, or processes with one
      each. 1 unless declared; an `async def` is not limited.
    """
    if execution not in (None, "loop", "thread", "process"):
        raise ValueError(f'execution is "loop", "thread" or "process", not {execution!r}')
    if concurrency is not None and concurrency < 1:
        raise ValueError("concurrency is at least 1")
    options = Options(execution, batch, retry_safe, concurrency)

    def declare(target: T) -> T:
        target.__comb_options__ = options  # type: ignore[attr-defined]
        return target

    return declare if target is None else declare(target)


def options_of(target: object) -> Options:
    """What `operator` was told about a class or function."""
    return cast(Options, getattr(target, "__comb_options__", Options()))


@dataclass(frozen=True)
class Model(Generic[Params]):
    """The model version that an operator was given.

    `Model[Limits]`, where Limits is a dataclass, has the version's parameters as a Limits: each field is the parameter
    of its name (`long_side` is also found as `longSide`). Plain `Model` has them as a mapping.
    """

    name: str
    version: str
    format: str
    path: Path
    params: Params


@dataclass(frozen=True)
class Workspace:
    """A directory for files that outlive a call, in comb.yaml `storage.workspace`: results stay there, and are named.

    Others may write there at the same time, from other pods too.
    """

    path: Path


@dataclass(frozen=True)
class Parcel(Generic[MessageType]):
    """A message with bytes that travel beside it, uncopied where the way allows.

    A port `Annotated[Parcel[Frame], "image"]` gets the Frame without its `image`, whose bytes are `parcel["image"]`: a
    view that is valid during the call. An operator whose answer is annotated alike returns one.
    """

    message: MessageType
    buffers: Mapping[str, "bytes | bytearray | memoryview"]

    def __getitem__(self, field: str) -> memoryview:
        return memoryview(self.buffers[field])


class Call:
    """The call that an operator is answering; a parameter of this type gets it: `(self, frame: Frame, call: Call)`.

    `deadline` is on the clock of `time.monotonic`. The engine notes when the call's turn came in `began` (0: not
    known), how many ran together in `batch` (0: not known), the nanoseconds of CPU time in `cpu` (-1: not measured),
    in `rss` the bytes that its process then held (-1), and that process's id in `pid` (0: the engine's own).
    """

    __slots__ = (
        *("_cancelled", "arm", "batch", "began", "clock", "cpu", "deadline", "node"),
        *("pid", "request_id", "rss", "traceparent"),
    )

    def __init__(
        self,
        clock: Callable[[], float],
        deadline: float,
        *,
        request_id: str = "",
        node: str = "",
        arm: str = "",
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.clock = clock
        self.deadline = deadline
        self.request_id = request_id
        self.node = node
        self.arm = arm
        self.traceparent = ""
        self.began = 0.0
        self.batch = 0
        self.cpu = self.rss = -1
        self.pid = 0
        self._cancelled: Callable[[], bool] | bool = cancelled or False

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, at least 0."""
        return max(0.0, self.deadline - self.clock())

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more. A long `def` looks at it; an `async def` is cancelled."""
        flag = self._cancelled
        return (flag if isinstance(flag, bool) else flag()) or self.clock() >= self.deadline

    def cancel(self) -> None:
        """Say that nobody waits for the answer any more."""
        self._cancelled = True

    def check(self) -> None:
        """Raise OperatorError (CANCELLED) when nobody waits any more."""
        if self.cancelled:
            raise OperatorError(Code.CANCELLED, "nobody waits for the answer")
