"""Pull requests of all kinds on a real forge: by whom, what is found of them, and what the bot says."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from comb_compiler.cli.ci.markdown import MARKER
from tests.cli.test_ci import edit, git, origin
from tests.cli.test_gate import RIGHT, sample
from tests.forge.hub import Hub, Job, Ran, comb

__all__ = ["origin"]

pytestmark = pytest.mark.slow

POLICY = """\
apiVersion: comb.dev/v1
kind: CombPolicy
metadata: {name: named.example}
spec:
  validations: [{expression: "comb.metadata.name != 'farewell'", message: nobody leaves}]
"""
PASSED = "## ✅ passed: nothing speaks against this change"
REFUSED = "## ❌ refused: the combs, the platform or a policy say no"
BLOCKED = "## ⛔ blocked: a gate has proven that it does not keep what is asked"
EVIL = "@grace ![a](https://evil.example/a.png) <img src=https://evil.example/b.png> #1 !1 www.evil.example [x](//e)"
NAMED = "@grace ![a](www.evil.example) <img src=x> #1 !1"
"""What a folder may be called."""


class Kind(NamedTuple):
    """A kind of pull request: who proposes what, and what has to come of it, in the first line and below."""

    who: str
    change: Callable[[Path], None]
    code: int
    title: str
    says: tuple[str, ...]


def reworded(work: Path) -> None:
    (work / "README.md").write_text("# Combs, and how they are reviewed\n", "utf-8")


def scaled(work: Path) -> None:
    edit(work / "hello/comb.yaml", "timeout: 30s", "timeout: 30s, scale: {min: 2}")


def broken(work: Path) -> None:
    edit(work / "hello/greeting.proto", "Greeting { string text = 1; }", "Greeting { string words = 2; }")


def larger(work: Path) -> None:
    edit(work / "platform.yaml", "nodes: 2", "nodes: 3")


def ruled(work: Path) -> None:
    (work / "rules").mkdir()
    (work / "rules/named.yaml").write_text(POLICY, "utf-8")
    (work / "platform.yaml").write_text((work / "platform.yaml").read_text("utf-8") + "policies: [rules]\n", "utf-8")


def better(work: Path) -> None:
    edit(work / "hello/comb.yaml", "model: tone@1", "model: tone@2")


def worse(work: Path) -> None:
    edit(work / "hello/operators.py", RIGHT, '"Good bye " + text')


def reverted(work: Path) -> None:
    worse(work)
    git(work, "commit", "-q", "-a", "-m", "worse")
    git(work, "revert", "--no-edit", "HEAD")
    better(work)


def clashing(work: Path) -> None:
    git(work, "reset", "-q", "--hard", "HEAD^")
    edit(work / "NOTES.md", "First", "Our first")


def lenient(work: Path) -> None:
    """Asks for less than before, with names that are markup."""
    shutil.rmtree(work / "hello/samples/standard/ada")
    edit(work / "hello/operators.py", RIGHT, f"{RIGHT} + ''")
    sample(work / "hello/samples/error" / NAMED, "Ken", "Hello Ken")
    edit(work / "other/comb.yaml", "graph:", f"{json.dumps(EVIL)}: 1\ngraph:")


KINDS = {
    "words": Kind("acme", reworded, 0, PASSED, ("0 combs touched by 1 changed file",)),
    "comb": Kind("acme", scaled, 0, PASSED, ("| owners | welcome |", "greeting 1 → 2", "gate availability: passed")),
    "proto": Kind("acme", broken, 1, REFUSED, ("touched by hello/greeting.proto", "error COMB")),
    "platform": Kind("acme", larger, 0, PASSED, ("2 combs touched by 1 changed file",)),
    "policy": Kind("acme", ruled, 1, REFUSED, ("nobody leaves", "2 combs touched by 2 changed files")),
    "model": Kind("acme", better, 0, PASSED, ("| models | greeting: ", "gate replay error: passed")),
    "revert": Kind("acme", reverted, 0, PASSED, ("gate replay error: passed",)),
    "conflict": Kind("acme", clashing, 1, REFUSED, ("cannot be merged: NOTES.md changed on both sides",)),
    "fork": Kind("mallory", worse, 3, BLOCKED, ("gate availability: blocked",)),
    "hostile": Kind("mallory", lenient, 1, REFUSED, ("asks for less than before", "COMB")),
}


@pytest.fixture(scope="module")
def combs(hub: Hub, origin: Path) -> str:
    """Two combs in a repository of acme's, whose main branch has gone on by a change of a note."""
    (origin / "NOTES.md").write_text("First\n", "utf-8")
    git(origin, "add", "NOTES.md")
    git(origin, "commit", "-q", "-m", "a note")
    edit(origin / "NOTES.md", "First", "The first")
    git(origin, "commit", "-q", "-a", "-m", "another note")
    return hub.repository("combs", origin)


@pytest.mark.parametrize("name", KINDS)
def test_a_pull_request_gets_its_exit_code_and_its_comment(name: str, hub: Hub, combs: str) -> None:
    kind = KINDS[name]
    proposal = hub.proposed(combs, kind.who, name, kind.change)
    job = hub.job(proposal)
    assert job.ran.code == job.report["exit"] == kind.code, job.ran
    said = hub.commented(proposal, job)
    assert (said.code, said.out) == (0, f"{combs} {proposal.number}: 1 new, 0 changed, 0 as it was, 0 deleted\n")
    ((author, body),) = hub.comments(proposal)
    assert (author, body.split("\n")[1]) == ("comb-bot", kind.title)
    assert [one for one in kind.says if one not in body] == []


def test_a_comment_is_replaced_by_the_next_run_and_one_of_somebody_else_is_left(hub: Hub, combs: str) -> None:
    proposal = hub.proposed(combs, "acme", "twice", reworded)
    thread = f"/repos/{combs}/issues/{proposal.number}/comments"
    hub.forge.done("POST", thread, {"body": f"{MARKER} 1/1 -->\n{PASSED}"}, who="mallory")
    job = hub.job(proposal)
    assert hub.commented(proposal, job).out.endswith("1 new, 0 changed, 0 as it was, 0 deleted\n")
    assert hub.commented(proposal, job).out.endswith("0 new, 0 changed, 1 as it was, 0 deleted\n")
    hub.pushed(proposal, worse)
    job = hub.job(proposal)
    assert job.ran.code == 3
    assert hub.commented(proposal, job).out.endswith("0 new, 1 changed, 0 as it was, 0 deleted\n")
    stranger, own = hub.comments(proposal)
    assert stranger == ("mallory", f"{MARKER} 1/1 -->\n{PASSED}")
    assert (own[0], own[1].split("\n")[1]) == ("comb-bot", BLOCKED)


def test_a_token_that_may_not_comment_is_told_so(hub: Hub, combs: str) -> None:
    proposal = hub.proposed(combs, "acme", "unsaid", reworded)
    job = hub.job(proposal)
    readers = hub.forge.token("grace", "read:user", "read:issue")
    for token, why in ((readers, "may not write comments there"), ("0" * 40, "is not known there")):
        said = hub.commented(proposal, job, token=token)
        assert (said.code, said.out) == (4, "")
        assert why in said.err
        assert token not in said.err
    assert hub.comments(proposal) == []


def test_a_token_that_may_not_say_whose_it_is_is_told_so_before_anything_is_said(hub: Hub, combs: str) -> None:
    proposal = hub.proposed(combs, "acme", "narrow", reworded)
    said = hub.commented(proposal, hub.job(proposal), token=hub.forge.token("comb-bot", "write:issue"))
    assert (said.code, said.out) == (4, "")
    assert "read:user" in said.err
    assert hub.comments(proposal) == []


def test_what_a_stranger_writes_neither_links_nor_embeds(hub: Hub, combs: str) -> None:
    proposal = hub.proposed(combs, "mallory", "markup", lenient)
    job = hub.job(proposal, "--no-gates")
    assert hub.commented(proposal, job).code == 0
    thread = f"/repos/{combs}/issues/{proposal.number}/comments"
    hub.forge.done("POST", thread, {"body": EVIL}, who="mallory")
    ours, control = hub.seen(proposal)
    assert ours.count("evil.example") > 1
    assert links(ours) == []
    assert len(links(control)) > 4


def links(seen: str) -> list[str]:
    """What a reader could follow, and what a browser would fetch, in HTML: all but the commits that a comment names."""
    found = re.findall(r"<(?:a|img|script|iframe)\b[^>]*>", seen)
    return [one for one in found if not re.match(r'<a href="/[\w-]+/[\w-]+/commit/[0-9a-f]+"', one)]


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_what_was_merged_is_signed_and_a_revert_of_it_is_proven(
    how: str, hub: Hub, origin: Path, tmp_path: Path
) -> None:
    repository = hub.repository(f"{how}d", origin)
    proposal = hub.proposed(repository, "acme", "better", better)
    job = hub.job(proposal)
    assert job.ran.code == 0
    checkout = hub.merged(proposal, how)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    proven, done = (
        after_the_merge(job, checkout, *key) for key in ((), ("--key", str(tmp_path / "key"), "--as", "ci"))
    )
    assert (proven.code, proven.out) == (0, "greeting: proven as it was merged\n"), proven
    assert (done.code, done.out) == (0, f"{checkout.parent}/evidence.json: signed by ci for greeting\n")
    back = hub.proposed(repository, "acme", "back", lambda work: edit(work / "hello/comb.yaml", "tone@2", "tone@1"))
    undone = hub.job(back)
    assert undone.ran.code == 0, undone.ran
    assert [gate["verdict"] for gate in undone.report["combs"][0]["gates"]] == ["passed", "passed"]


def after_the_merge(job: Job, checkout: Path, *key: str) -> Ran:
    """`comb ci merged` with what was found of the pull request: first without a key, then with it."""
    asked = ("ci", "merged", str(job.out), "--platform", "platform.yaml", *key)
    return comb(checkout.parent, checkout, *asked, "-o", str(checkout.parent / "evidence.json"))
