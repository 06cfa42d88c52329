"""Cases and targets → what each target answered to each case, as it comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from comb_compiler.gates.verdicts import Verdict

__all__ = ["Answered", "Case", "Gone", "Journal", "Recorded", "Target", "Unreadable", "answers"]


class Recorded(Mapping[str, Any]):
    """A request as it came, in bytes: who has the `interface` that it came by is asked with them.

    Its JSON form, which everybody else takes, is made by `read` when it is looked at; it is empty where there is none
    that is all of it.
    """

    def __init__(self, content: bytes, interface: object, read: Callable[[], Mapping[str, Any] | None]) -> None:
        self.content = content
        self.interface = interface
        self._read = read

    @cached_property
    def _json(self) -> Mapping[str, Any]:
        return self._read() or {}

    def __getitem__(self, name: str) -> Any:
        return self._json[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._json)

    def __len__(self) -> int:
        return len(self._json)


class Case(NamedTuple):
    """A request in Protobuf's JSON form, and what is known of its answer: what is expected, or with what it must fail.

    Neither is there for recorded traffic, of which `recorded` is what it was answered with: the answer as it is
    serialised; and `code` that of the answer, which is known also where not all of it was kept. `about` is a sentence
    for people; `source` is where its files are, if in any.
    """

    name: str
    request: Mapping[str, Any]
    expected: Mapping[str, Any] | None = None
    error: str | None = None
    about: str = ""
    source: str = ""
    recorded: "Answered | None" = None
    code: str | None = None


class Answered(NamedTuple):
    """What came of a case: a message, or a code of gRPC's by name and a sentence; and how many seconds it took."""

    answer: Any
    code: str
    message: str
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return self.code != "OK"


class Ended(Exception):
    """Why cases are not asked any more. `under_way` are the names of those that had been asked, and got no answer."""

    under_way: tuple[str, ...] = ()
    verdict = Verdict.UNDECIDED


class Gone(Ended):
    """A target has ended, or does not start; the message says what is known of it. `target` is its name.

    It blocks where it is the candidate: of what became of another nothing is proven.
    """

    def __init__(self, message: str, target: str) -> None:
        super().__init__(message)
        self.target = target
        if target == "candidate":
            self.verdict = Verdict.BLOCKED


class Unreadable(Ended):
    """A case's request is none of the target's interface; the message says why."""


class Target(Protocol):
    """A comb that runs somewhere. It sees requests, and nothing else of a case."""

    name: str

    async def ask(self, request: Mapping[str, Any]) -> Answered:
        """What it answers, as a message of a type that all targets of one gate share. Raises Gone, Unreadable."""
        ...


class Journal(Protocol):
    """Keeps what came of cases, for a later run of the same gates, and has what came of them in an earlier one."""

    def find(self, gate: str, name: str) -> tuple[Answered, ...] | None:
        """What came of a gate's case in an earlier run, of each target one answer."""
        ...

    def keep(self, gate: str, name: str, answered: tuple[Answered, ...]) -> None:
        """Keep what came of a case."""
        ...


async def answers(
    cases: Sequence[Case], targets: Sequence[Target], at_once: int
) -> AsyncIterator[tuple[Case, tuple[Answered, ...]]]:
    """Each case, with one answer of each target; `at_once` cases are under way at a time.

    A target that is there twice is asked twice. In which order a case's targets are asked hangs on its name, so that
    none always comes first, and runs are alike. Raises what targets raise, once all that was answered is given; nothing
    is under way then.
    """
    asking = _Asking(cases, targets)
    workers = [asyncio.create_task(asking.work()) for _ in range(min(at_once, len(cases)))]
    problem: Exception | None = None
    try:
        for _ in cases:
            found = await asking.done.get()
            if isinstance(found, Exception):
                problem = found
                break
            yield found
    finally:
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(asyncio.CancelledError):
                await worker
    if problem is not None:
        for one in asking.answered():
            yield one
        if isinstance(problem, Ended):
            problem.under_way = tuple(sorted(asking.under_way))
        raise problem


class _Asking:
    """What several workers have in common: cases that wait, names of those that are under way, and what came."""

    def __init__(self, cases: Sequence[Case], targets: Sequence[Target]) -> None:
        self.under_way: list[str] = []
        self.done: asyncio.Queue[tuple[Case, tuple[Answered, ...]] | Exception] = asyncio.Queue()
        self._waiting = list(reversed(cases))
        self._targets = targets

    async def work(self) -> None:
        """Ask one case after the other, up to the first that cannot be."""
        try:
            while self._waiting:
                case = self._waiting.pop()
                self.under_way.append(case.name)
                self.done.put_nowait((case, await _asked(case, self._targets)))
                self.under_way.remove(case.name)
        except Unreadable as problem:
            self.under_way.remove(case.name)  # it was asked of nobody
            self.done.put_nowait(problem)
        except Exception as error:  # whatever it is: who waits for an answer would wait for ever
            self.done.put_nowait(error)

    def answered(self) -> list[tuple[Case, tuple[Answered, ...]]]:
        """What came and was not taken yet."""
        found = [self.done.get_nowait() for _ in range(self.done.qsize())]
        return [one for one in found if not isinstance(one, Exception)]


async def _asked(case: Case, targets: Sequence[Target]) -> tuple[Answered, ...]:
    found: dict[int, Answered] = {}
    name = case.name.encode("utf-8", "surrogatepass")  # which may be that of a directory that is no UTF-8
    for index in sorted(range(len(targets)), key=lambda index: sha256(b"%d %s" % (index, name)).digest()):
        try:
            found[index] = await targets[index].ask(case.request)
        except Unreadable as problem:
            raise Unreadable(f"{problem} (sample `{case.name}`)") from problem
    return tuple(found[index] for index in range(len(targets)))
