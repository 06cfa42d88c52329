"""Those who send together: one process alone, or locust's master with its workers."""

import hmac
from collections.abc import Mapping
from typing import Any

import gevent
from gevent.queue import Empty, Queue
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner

from comb_compiler.load.model import Observed
from comb_compiler.load.sender import CALLED_OFF, FAILED, GO, OBSERVED, OFFER, PREPARED, REFUSED, Sender

__all__ = ["HELLO", "Crew", "alone", "led"]

HELLO = "comb-hello"
_ARRIVING = 240.0
_LOOK = 1.0

Said = tuple[str, str, Mapping[str, Any]]
"""Who, which message, what."""


class Crew:
    """Offers steps, one at a time. `members` are ids of workers: empty stands for this process itself."""

    def __init__(self, runner: LocalRunner | MasterRunner, members: list[str], said: "Queue[Said]") -> None:
        self._runner, self._members, self._said = runner, members, said
        self._number = 0

    def offer(self, job: Mapping[str, Any] | None, step: Mapping[str, Any]) -> dict[str, Any]:
        """A step to its end, by all: what was observed, and who was `lost`; or what was in the way.

        Without a job it is the one of the step before.
        """
        self._number += 1
        patience = step["seconds"] + step["timeout"] + _ARRIVING
        for index, member in enumerate(self._members):
            part = {"worker": index, "workers": len(self._members)}
            self._send(OFFER, {"job": job, "step": step, "number": self._number, **part}, member)
        answers = self._gather({PREPARED, OBSERVED}, set(self._members), _ARRIVING)
        ready = len(answers) == len(self._members) and all(kind == PREPARED for kind, _ in answers.values())
        for member in self._members:
            self._send(GO, {"step": self._number, "go": ready}, member)
        waiting = {member for member, (kind, _) in answers.items() if kind == PREPARED}
        answers |= self._gather({OBSERVED}, waiting, patience)
        return self._together([what for kind, what in answers.values() if kind == OBSERVED])

    def dismiss(self) -> None:
        """Nothing more is asked of them."""
        self._runner.quit()

    def _send(self, kind: str, what: Mapping[str, Any], member: str) -> None:
        self._runner.send_message(kind, dict(what), member or None)

    def _gather(self, kinds: set[str], waiting: set[str], patience: float) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """What each of them says, of those that say something."""
        found: dict[str, tuple[str, Mapping[str, Any]]] = {}
        waiting = set(waiting)
        with gevent.Timeout(patience, False):
            while waiting:
                try:
                    who, kind, what = self._said.get(timeout=_LOOK)
                except Empty:
                    waiting -= self._lost()
                    continue
                if who in waiting and kind in kinds and what["step"] == self._number:
                    found[who] = (kind, what)
                    waiting.discard(who)
        return found

    def _lost(self) -> set[str]:
        if not isinstance(self._runner, MasterRunner):
            return set()
        here = {client.id for client in self._runner.clients.all} - {one.id for one in self._runner.clients.missing}
        return set(self._members) - here

    def _together(self, answers: list[Mapping[str, Any]]) -> dict[str, Any]:
        for problem in (FAILED, REFUSED):
            for answer in answers:
                if problem in answer:
                    return {problem: answer[problem]}
        whole = [Observed.from_bytes(answer) for answer in answers if CALLED_OFF not in answer]
        if not whole:
            return {FAILED: f"{len(self._members) - len(answers)} of {len(self._members)} workers were lost"}
        for other in whole[1:]:
            whole[0].extend(other)
        lost = len(self._members) - len(whole)
        told = {"lost": f"{lost} of {len(self._members)} workers were lost" if lost else ""}
        return {**whole[0].as_bytes(), **told}


def alone() -> Crew:
    """This process sends."""
    runner = Environment(user_classes=[Sender]).create_local_runner()
    said: Queue[Said] = Queue()
    listen(runner)
    for kind in (PREPARED, OBSERVED):
        runner.register_message(kind, lambda environment, msg: said.put(("", msg.type, msg.data)))
    runner.start(1, spawn_rate=1)
    return Crew(runner, [""], said)


def listen(runner: Any) -> None:
    """Give a worker's user what is asked of it."""
    runner.register_message(OFFER, lambda environment, msg: Sender.steps.put(msg.data))
    runner.register_message(GO, lambda environment, msg: Sender.goes.put((msg.data["step"], msg.data["go"])))


def led(runner: MasterRunner, workers: int, token: str) -> Crew | None:
    """As many workers as are expected, that know the token; none where they do not come in time."""
    said: Queue[Said] = Queue()
    members: list[str] = []

    def hello(environment: Environment, msg: Any) -> None:
        if hmac.compare_digest(str(msg.data["token"]).encode(), token.encode()) and msg.node_id not in members:
            members.append(msg.node_id)

    runner.register_message(HELLO, hello)
    for kind in (PREPARED, OBSERVED):
        runner.register_message(kind, lambda environment, msg: said.put((msg.node_id, msg.type, msg.data)))
    with gevent.Timeout(_ARRIVING, False):
        while len(members) < workers:
            gevent.sleep(0.05)
    if len(members) < workers:
        return None
    runner.start(workers, spawn_rate=workers)
    return Crew(runner, members[:workers], said)
