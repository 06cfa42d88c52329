"""What no test has run is listed where people read what they may rely on."""

import re

from tests.architecture.imports import ROOT

PAGE = ROOT / "docs/how-to/answer-a-pull-request.md"
TEMPLATES = ROOT / "repo-template"
WORKFLOWS = sorted([*TEMPLATES.glob("*/template/*/workflows/*.yml"), ROOT / "action.yml"])
PIPELINES = sorted(TEMPLATES.glob("*/template/*.gitlab-ci.yml*"))


def unproven() -> list[str]:
    """The steps in the page's table."""
    section = PAGE.read_text("utf-8").partition("## What was run, and what was not\n")[2]
    return re.findall(r"^\| (?!step|---)(.+?) \|", section, re.MULTILINE)


def test_every_action_that_a_workflow_uses_is_listed() -> None:
    used = {name for path in WORKFLOWS for name in re.findall(r"uses: ([\w./-]+)@", path.read_text("utf-8"))}
    assert used
    assert sorted(name for name in used if f"`{name}`" not in " ".join(unproven())) == []


def test_what_only_a_forge_does_is_listed() -> None:
    """Environments and their approval, and the keywords of GitLab by which a job runs at all."""
    listed = " ".join(unproven())
    texts = [path.read_text("utf-8") for path in (*WORKFLOWS, *PIPELINES)]
    for word in ("environment", "rules"):
        assert any(f"{word}:" in text for text in texts)
        assert f"`{word}" in listed
