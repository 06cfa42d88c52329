"""What people and jobs do on a forge: propose a change, check it out without any right, comment, merge."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request

from tests.cli.test_ci import git
from tests.servers.git_over_http import ALONE
from tests.servers.gitea import Answer, Gitea

__all__ = ["Hub", "Job", "Proposal", "Ran", "comb", "known_to"]

_SECONDS = 600

Edit = Callable[[Path], None]
"""What somebody changes in a checkout."""


class Ran(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


class Proposal(NamedTuple):
    """A pull request: its number in a repository, `owner/name`, and who proposes it from which checkout."""

    repository: str
    number: int
    who: str
    branch: str
    checkout: Path


class Job(NamedTuple):
    """What a job of a pull request found, in a checkout of its own."""

    ran: Ran
    out: Path
    checkout: Path

    @property
    def report(self) -> dict[str, Any]:
        """All about the change."""
        found: dict[str, Any] = json.loads((self.out / "report.json").read_bytes())
        return found


def known_to(home: Path) -> dict[str, str]:
    """The environment of a job: programs, and a home of its own."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{ALONE['PATH']}",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def comb(home: Path, where: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """Run `comb` as a runner would: with a home of its own, and with nothing of this environment but programs."""
    known = {**known_to(home), **(env or {})}
    done = subprocess.run(["comb", *arguments], cwd=where, env=known, capture_output=True, text=True, timeout=_SECONDS)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


class Hub:
    """A forge with people. Jobs of changes hold nothing; `token` is the bot's, which may comment."""

    def __init__(self, forge: Gitea, token: str, directory: Path) -> None:
        self.forge = forge
        self.token = token
        self._directory = directory
        self._made = 0

    def place(self) -> Path:
        """A new directory."""
        self._made += 1
        path = self._directory / str(self._made)
        path.mkdir()
        return path

    def repository(self, name: str, content: Path) -> str:
        """A repository of acme's with what a local one has on its branch `main`, and a fork of mallory's."""
        self.forge.done("POST", "/user/repos", {"name": name, "default_branch": "main"}, who="acme")
        git(content, "push", "-q", self.forge.address(f"acme/{name}", "acme"), "main:main")
        self.forge.done("POST", f"/repos/acme/{name}/forks", {}, who="mallory")
        return f"acme/{name}"

    def proposed(self, repository: str, who: str, branch: str, edit: Edit) -> Proposal:
        """Clone as somebody, edit, push, and open a pull request: from a fork, where one may not push."""
        home = self.place()
        name = repository.partition("/")[2]
        git(home, "clone", "-q", self.forge.address(repository), "work")
        work = home / "work"
        git(work, "checkout", "-q", "-b", branch)
        edit(work)
        git(work, "add", "-A")
        git(work, "commit", "-q", "--allow-empty", "-m", f"About {branch}")
        git(work, "push", "-q", self.forge.address(f"{who}/{name}", who), branch)
        head = branch if repository.startswith(f"{who}/") else f"{who}:{branch}"
        asked = {"head": head, "base": "main", "title": branch}
        answers: list[Answer] = []

        def is_known() -> bool:
            """Whether the forge knows the branch by now: it looks at what was pushed a little later."""
            answers.append(self.forge.ask("POST", f"/repos/{repository}/pulls", asked, who=who))
            return answers[-1].status != 404

        self.until(is_known)
        assert answers[-1].status == 201, answers[-1]
        return Proposal(repository, answers[-1].body["number"], who, branch, work)

    def pushed(self, one: Proposal, edit: Edit) -> None:
        """Another commit of the same pull request."""
        edit(one.checkout)
        git(one.checkout, "commit", "-q", "-a", "-m", "More")
        name = one.repository.partition("/")[2]
        git(one.checkout, "push", "-q", self.forge.address(f"{one.who}/{name}", one.who), one.branch)

    def checked_out(self, repository: str, ref: str) -> Path:
        """A checkout as a runner makes it, by nobody: the whole history, and what a ref is."""
        home = self.place()
        git(home, "clone", "-q", self.forge.address(repository), "checkout")
        git(home / "checkout", "fetch", "-q", "origin", ref)
        git(home / "checkout", "checkout", "-q", "--detach", "FETCH_HEAD")
        return home / "checkout"

    def job(self, one: Proposal, *more: str) -> Job:
        """`comb ci` about a pull request, where no token, key or password is."""
        checkout = self.checked_out(one.repository, f"refs/pull/{one.number}/head")
        out = checkout.parent / "out"
        asked = ("ci", "--base", "origin/main", "--platform", "platform.yaml", "--out", str(out), *more)
        ran = comb(checkout.parent, checkout, *asked)
        assert (out / "report.json").exists(), ran
        return Job(ran, out, checkout)

    def commented(self, one: Proposal, job: Job, *, token: str = "") -> Ran:
        """`comb ci comment`, where the bot's token is and no checkout."""
        where = ("--github", one.repository, "--number", str(one.number), "--api", self.forge.api)
        place = self.place()
        return comb(
            place,
            place,
            "ci",
            "comment",
            str(job.out / "report.json"),
            *where,
            env={"GITHUB_TOKEN": token or self.token},
        )

    def comments(self, one: Proposal) -> list[tuple[str, str]]:
        """Who says what in a pull request, in order."""
        found = self.forge.done("GET", f"/repos/{one.repository}/issues/{one.number}/comments")
        return [(said["user"]["login"], said["body"]) for said in found]

    def seen(self, one: Proposal) -> list[str]:
        """What people see of each comment of a pull request, as HTML: the page has it, made from Markdown."""
        page = self.forge.sent(Request(f"{self.forge.url}/{one.repository}/pulls/{one.number}"))
        assert page.status == 200, page
        _, _, *comments = page.body.split('<div class="render-content markup"')  # the first is of who proposed it
        return [part.partition('class="raw-content')[0] for part in comments]

    def merged(self, one: Proposal, how: str) -> Path:
        """Merge it as acme does, in a page or by the API; and a checkout of what came of it."""
        path = f"/repos/{one.repository}/pulls/{one.number}"
        self.until(lambda: bool(self.forge.done("GET", path)["mergeable"]))
        self.until(lambda: self.forge.ask("POST", f"{path}/merge", {"Do": how}, who="acme").status == 200)
        return self.checked_out(one.repository, "main")

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        """Wait until it holds: a forge does much behind what it answers."""
        deadline = time.monotonic() + _SECONDS
        while not holds():
            assert time.monotonic() < deadline, holds
            time.sleep(0.1)
