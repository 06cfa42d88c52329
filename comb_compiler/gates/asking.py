"""Cases and targets → what each target answered to each case, as it comes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

__all__ = ["Answered", "Case", "Gone", "Target", "Unreadable", "answers"]


class Case(NamedTuple):
    """A request in Protobuf's JSON form, and what is known of its answer: what is expected, or with what it must fail.

    Neither is there for recorded traffic. `about` is a sentence for people; `source` is where its files are, if in any.
    """

    name: str
    request: Mapping[str, Any]
    expected: Mapping[str, Any] | None = None
    error: str | None = None
    about: str = ""
    source: str = ""


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


class Gone(Exception):
    """A target has ended, or does not start; the message says what is known of it. `target` is its name."""

    def __init__(self, message: str, target: str) -> None:
        super().__init__(message)
        self.target = target


class Unreadable(Exception):
    """A case's request is none of the target's interface; the message says why."""


class Target(Protocol):
    """A comb that runs somewhere. It sees requests, and nothing else of a case."""

    name: str

    async def ask(self, request: Mapping[str, Any]) -> Answered:
        """What it answers, as a message of a type that all targets of one gate share. Raises Gone, Unreadable."""
        ...


async def answers(
    cases: Sequence[Case], targets: Sequence[Target], at_once: int
) -> AsyncIterator[tuple[Case, tuple[Answered, ...]]]:
    """Each case, with one answer of each target; `at_once` cases are under way at a time.

    A target that is there twice is asked twice. In which order a case's targets are asked hangs on its name, so that
    none always comes first, and runs are alike. Raises what targets raise; nothing is under way then.
    """
    waiting = list(reversed(cases))
    done: asyncio.Queue[tuple[Case, tuple[Answered, ...]] | BaseException] = asyncio.Queue()

    async def work() -> None:
        try:
            while waiting:
                case = waiting.pop()
                done.put_nowait((case, await _asked(case, targets)))
        except Exception as error:  # whatever it is: who waits for an answer would wait for ever
            done.put_nowait(error)

    workers = [asyncio.create_task(work()) for _ in range(min(at_once, len(cases)))]
    try:
        for _ in range(len(cases)):
            found = await done.get()
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(asyncio.CancelledError):
                await worker


async def _asked(case: Case, targets: Sequence[Target]) -> tuple[Answered, ...]:
    found: dict[int, Answered] = {}
    name = case.name.encode("utf-8", "surrogatepass")  # which may be that of a directory that is no UTF-8
    for index in sorted(range(len(targets)), key=lambda index: sha256(b"%d %s" % (index, name)).digest()):
        try:
            found[index] = await targets[index].ask(case.request)
        except Unreadable as problem:
            raise Unreadable(f"{problem} (sample `{case.name}`)") from problem
    return tuple(found[index] for index in range(len(targets)))
