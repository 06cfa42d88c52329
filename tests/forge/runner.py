"""A runner of Gitea's Actions, no larger than Comb's workflows ask: it is given jobs, and runs their steps here.

It speaks the protocol of Gitea's own runner. Steps that use an action are done as the action's documentation says, for
those that check out and that hand files on; conditions are not evaluated, and expressions are names alone.
"""

import base64
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request

import yaml

from tests.forge.hub import Hub, Ran, known_to

__all__ = ["Runner", "Task"]

_SECONDS = 600
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.]+)\s*\}\}")


class Task(NamedTuple):
    """A job that is to be run: what the forge says about it, and the secrets that it gives."""

    id: str
    name: str
    github: dict[str, Any]
    secrets: dict[str, str]
    steps: list[dict[str, Any]]


class Runner:
    """A runner for one repository, with what its jobs hand on, by the ids of their runs."""

    def __init__(self, hub: Hub, repository: str) -> None:
        self._hub = hub
        self._headers: dict[str, str] = {}
        self._kept = hub.place()
        asked = hub.forge.done("POST", f"/repos/{repository}/actions/runners/registration-token")
        known = self._called("Register", {"name": "here", "token": asked["token"], "labels": ["here"]})["runner"]
        self._headers = {"x-runner-uuid": known["uuid"], "x-runner-token": known["token"]}

    def next(self) -> Task | None:
        """A job that may run now, if there is any."""
        given = self._called("FetchTask", {"tasksVersion": "0"}).get("task")
        if given is None:
            return None
        ((name, job),) = yaml.safe_load(base64.b64decode(given["workflowPayload"]))["jobs"].items()
        return Task(given["id"], name, given["context"], given.get("secrets", {}), job["steps"])

    def awaited(self) -> Task:
        """The next job, once it may run."""
        found: list[Task] = []

        def is_there() -> bool:
            task = self.next()
            found.extend([task] if task else [])
            return bool(found)

        self._hub.until(is_there)
        return found[0]

    def run(self, task: Task) -> Ran:
        """Run its steps up to the first that fails, then hand on what is handed on; and tell the forge."""
        home = self._hub.place()
        (home / "work").mkdir()
        ran = Ran(0, "", "")
        for step in task.steps:
            if "run" in step and ran.code == 0:
                done = self._step(step, task, home)
                ran = Ran(done.code, ran.out + done.out, ran.err + done.err)
            elif "uses" in step:
                self._used(step, task, home)
        result = "RESULT_SUCCESS" if ran.code == 0 else "RESULT_FAILURE"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._called("UpdateTask", {"state": {"id": task.id, "result": result, "startedAt": now, "stoppedAt": now}})
        return ran

    def handed_on(self, task: Task, name: str) -> Path:
        """What a job gave to others under a name."""
        return self._kept / str(task.github["run_id"]) / name

    def _step(self, step: dict[str, Any], task: Task, home: Path) -> Ran:
        given = {name: _filled(text, task) for name, text in step.get("env", {}).items()}
        command = ["bash", "-ec", _filled(step["run"], task)]
        done = subprocess.run(
            command,
            cwd=home / "work",
            env={**known_to(home), **given},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def _used(self, step: dict[str, Any], task: Task, home: Path) -> None:
        action, given = step["uses"].partition("@")[0], step.get("with", {})
        work = home / "work"
        if action == "actions/checkout":
            address = self._hub.forge.address(task.github["repository"])
            for words in (["clone", "-q", address, "."], ["fetch", "-q", "origin", task.github["sha"]]):
                subprocess.run(["git", *words], cwd=work, env=known_to(home), check=True)
            subprocess.run(["git", "checkout", "-q", "--detach", task.github["sha"]], cwd=work, check=True)
        elif action == "actions/upload-artifact":
            shutil.copytree(work / given["path"], self.handed_on(task, given["name"]))
        else:
            assert action == "actions/download-artifact", action
            shutil.copytree(self._kept / _filled(given["run-id"], task) / given["name"], work / given["path"])

    def _called(self, method: str, message: object) -> Any:
        url = f"{self._hub.forge.url}/api/actions/runner.v1.RunnerService/{method}"
        headers = {"content-type": "application/json", **self._headers}
        answer = self._hub.forge.sent(Request(url, json.dumps(message).encode(), headers, method="POST"))
        assert answer.status == 200, (method, answer)
        return answer.body


def _filled(text: Any, task: Task) -> str:
    """A text with its expressions replaced by what they name."""

    def value(found: re.Match[str]) -> str:
        at: Any = {"github": task.github, "secrets": task.secrets}
        for name in found[1].split("."):
            at = at.get(name, "") if isinstance(at, dict) else ""
        return str(int(at) if isinstance(at, float) else at)

    return _EXPRESSION.sub(value, str(text))
