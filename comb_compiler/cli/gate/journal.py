"""What was answered in a run of gates, kept for a later run of the same: line by line, so that an end at any instant
loses the line that was being written, and no more.

A journal is found by a digest of all that answers, samples and verdicts depend on, so that runs are never mixed. Its
lines have a checksum each: a file of which one is wrong is not used at all.
"""

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, NamedTuple

from comb_compiler.cli.gate.exam import Exam
from comb_compiler.cli.gate.tracing import Nodes
from comb_compiler.cli.verdicts import fingerprint
from comb_compiler.gates import Answered, Gone
from comb_compiler.release import ExecutionPlan, plan_bytes
from comb_compiler.workspace.installed import installed

__all__ = ["Absent", "Journal", "key_of", "open_journal"]

_LONGEST = timedelta(days=7)
"""Older answers are not used: machines change in ways that no digest has."""
_MOST_BYTES = 256 * 1024 * 1024
_MOST_JOURNALS = 50
_CHECK = 16
_RUN_BY = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")


class _Earlier(NamedTuple):
    """What a file has: when its run began, how long the lines are that are good, and what they say."""

    began: str = ""
    length: int = 0
    answers: Mapping[tuple[str, str], Sequence[Any]] = {}
    ends: Mapping[str, Nodes] = {}


class Absent:
    """A target that is not started, since all that it is asked was answered in an earlier run."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def ask(self, request: Mapping[str, Any]) -> Answered:
        """As Target says."""
        raise Gone(f"the {self.name} was not started: what an earlier run kept is damaged (--fresh asks all)", "")


class _Damaged(Exception):
    """A file that is no journal; the message says why."""


class Journal:
    """Of one run and the later ones that are the same. `kind` is the type of answers.

    `note` is what there is to say of it; `began` when the earlier run began, as ISO 8601 has it, empty without one.
    """

    def __init__(
        self, kind: Any, file: IO[bytes] | None = None, earlier: _Earlier | None = None, note: str = ""
    ) -> None:
        self._earlier = _Earlier() if earlier is None else earlier
        self.began = self._earlier.began
        self.note = note
        self._kind = kind
        self._file = file
        self._room = _MOST_BYTES - self._earlier.length
        self._kept = Counter[str]()

    def find(self, gate: str, name: str) -> tuple[Answered, ...] | None:
        """As gates' Journal says."""
        found = self._earlier.answers.get((gate, name))
        if found is None:
            return None
        self._kept[gate] += 1
        return tuple(self._answered(one) for one in found)

    def _answered(self, kept: Sequence[Any]) -> Answered:
        code, message, seconds, content = kept
        answer = None if content is None else self._kind.FromString(b64decode(content))
        return Answered(answer, code, message, seconds)

    def keep(self, gate: str, name: str, answered: tuple[Answered, ...]) -> None:
        """As gates' Journal says."""
        self._kept[gate] += 1
        self._write({"gate": gate, "name": name, "answers": [_kept(one) for one in answered]})

    def kept(self, gate: str) -> int:
        """How many of a gate's cases were found or kept in this run."""
        return self._kept[gate]

    @property
    def has_answers(self) -> bool:
        """Whether a later run will find some of this one here."""
        return self._file is not None and self._kept.total() > 0

    def end(self, which: str) -> Nodes | None:
        """Where those gates came to their end in an earlier run, so that all answers are here: what tracing found."""
        return self._earlier.ends.get(which)

    def finish(self, which: str, nodes: Nodes) -> None:
        """Keep that those gates came to their end."""
        self._write({"end": which, "nodes": [[*name, node] for name, node in nodes.items()]})

    def begin(self, now: datetime) -> None:
        """Keep when the run began, if it is the first."""
        if not self._earlier.length:
            self._write({"began": now.isoformat(timespec="seconds")})

    def _write(self, entry: Mapping[str, Any]) -> None:
        """Append a line. A disk that is full, or a file that grows too large, ends what is kept, and nothing else."""
        if self._file is None:
            return
        line = _line(entry)
        self._room -= len(line)
        try:
            if self._room >= 0 and self._file.write(line) == len(line):
                return
        except OSError:
            pass
        self.close()

    def close(self) -> None:
        """Let go of the file, whose lines are kept."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file = None


def _kept(one: Answered) -> list[Any]:
    content = None if one.answer is None else b64encode(one.answer.SerializeToString()).decode("ascii")
    return [one.code, one.message, one.seconds, content]


def key_of(subjects: Sequence[str], plans: Sequence[ExecutionPlan], exam: Exam) -> str:
    """The digest of all that answers and verdicts depend on, as far as it is known.

    That is what is asked and by which rules, the subjects with what environments may change of them, and what they run
    on: this version of Comb, Python, the packages that are installed, where programs and libraries are found, and the
    language and time zone.
    """
    parts = [
        fingerprint(),
        *installed(("",)),
        *(f"{name}={os.environ.get(name, '')}" for name in _RUN_BY),
        *subjects,
        *(sha256(plan_bytes(one)).hexdigest() for one in plans),
        exam.gates.model_dump_json(),
        str(exam.claims),
        *(f"{field} {one.digest} {sorted(case.name for case in one.cases)}" for field, one in exam.sets.items()),
    ]
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def open_journal(directory: Path, key: str, kind: Any, now: datetime, *, fresh: bool) -> Journal:
    """The journal of `key` in a directory; `fresh` begins it anew. Where nothing can be kept, its note says why."""
    path = directory / f"{key}.jsonl"
    file: IO[bytes] | None = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _tidy(directory)
        file = path.open("a+b", buffering=0)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.seek(0)
        earlier, note = _looked_at(b"" if fresh else file.read(_MOST_BYTES + 1), path, now)
        file.truncate(earlier.length)
    except OSError as problem:
        if file is not None:
            file.close()
        is_held = isinstance(problem, BlockingIOError)
        why = "the same gates are being asked elsewhere" if is_held else f"{directory}: {problem.strerror}"
        return Journal(kind, note=f"nothing is kept for a next run: {why}")
    journal = Journal(kind, file, earlier, note)
    journal.begin(now)
    return journal


def _tidy(directory: Path) -> None:
    """The newest are kept."""
    with suppress(OSError):
        found = sorted(directory.glob("*.jsonl"), key=lambda one: one.stat().st_mtime)
        for path in found[:-_MOST_JOURNALS]:
            path.unlink()


def _looked_at(content: bytes, path: Path, now: datetime) -> tuple[_Earlier, str]:
    """What is to be used of a file, and what is to be said of it."""
    try:
        earlier = _read(content)
        age = now - datetime.fromisoformat(earlier.began) if earlier.began else timedelta()
    except (_Damaged, KeyError, RecursionError, TypeError, ValueError):
        return _Earlier(), f"what an earlier run kept is damaged, and is not used: {path}"
    return (earlier, "") if timedelta() <= age <= _LONGEST else (_Earlier(), "")


def _read(content: bytes) -> _Earlier:
    """Raises _Damaged."""
    whole = content[: content.rfind(b"\n") + 1]  # a line without an end was being written when its run ended
    answers: dict[tuple[str, str], Sequence[Any]] = {}
    ends: dict[str, Nodes] = {}
    began = ""
    for line in whole.split(b"\n")[:-1]:
        check, _, text = line.partition(b" ")
        if check != _check(text):
            raise _Damaged
        entry = json.loads(text)
        if "answers" in entry:
            answers[entry["gate"], entry["name"]] = entry["answers"]
        elif "end" in entry:
            ends[entry["end"]] = {(gate, name): node for gate, name, node in entry["nodes"]}
        else:
            began = entry["began"]
    if whole and not began:
        raise _Damaged
    return _Earlier(began, len(whole), answers, ends)


def _line(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, separators=(",", ":")).encode("ascii")
    return _check(text) + b" " + text + b"\n"


def _check(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:_CHECK].encode("ascii")
