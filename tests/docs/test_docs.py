"""What the docs show is what happens: transcripts run, YAML parses, links lead somewhere, indexes are complete."""

import re
import subprocess
from pathlib import Path

import pytest

from comb_compiler.diagnostics import has_errors
from comb_compiler.source import SourceFile, parse
from tests.docs.transcripts import blocks, run_page

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
TRANSCRIPTS = [page for page in PAGES if any(block.language == "console" for block in blocks(page.read_text("utf-8")))]

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def each(pages: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An empty repository, in which a page plays."""
    directory = tmp_path / "checkout"
    subprocess.run(["git", "init", "--quiet", str(directory)], check=True)
    return directory


@each(TRANSCRIPTS)
def test_a_page_shows_what_happens(page: Path, checkout: Path, update: bool) -> None:
    outcome = run_page(page.read_text("utf-8"), checkout)
    assert not outcome.wrong_exit_codes, "\n\n".join(outcome.wrong_exit_codes)
    if update:
        page.write_text(outcome.rewritten, encoding="utf-8")
    else:
        assert not outcome.wrong_output, "\n\n".join(outcome.wrong_output)


def test_there_are_pages_to_run() -> None:
    assert ROOT / "docs" / "tutorials" / "your-first-comb.md" in TRANSCRIPTS


@each(PAGES)
def test_yaml_on_a_page_can_be_read(page: Path) -> None:
    for block in blocks(page.read_text("utf-8")):
        if block.language == "yaml":
            parsed = parse(SourceFile(str(page.relative_to(ROOT)), block.body))
            assert not has_errors(parsed.diagnostics), parsed.diagnostics


@each(PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    text = _CODE.sub("", page.read_text("utf-8"))
    targets = [found["target"] for found in _LINK.finditer(text)]
    assert [target for target in targets if not leads_somewhere(page, target)] == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a link's file and heading exist. Links to other sites are not followed."""
    if re.match(r"[a-z]+:", target):
        return True
    file, _, anchor = target.partition("#")
    path = page.parent / file if file else page
    if not anchor:
        return path.exists()
    titles = (found["title"] for found in _HEADING.finditer(path.read_text("utf-8")))
    return anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_list_of_decisions_is_complete() -> None:
    directory = ROOT / "docs" / "adr"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (directory / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in directory.glob("[0-9]*.md"))


@each(sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")))
def test_a_decision_says_what_was_rejected(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.name[:4]}: ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Rejected"]


@each([page for page in PAGES if page.parent.parent == ROOT / "docs" and page.parent.name != "adr"])
def test_every_page_can_be_found_from_the_index(page: Path) -> None:
    indexes = [ROOT / "docs" / "README.md", ROOT / "docs" / "reference" / "README.md"]
    linked = {
        (index.parent / found["target"]).resolve()
        for index in indexes
        for found in _LINK.finditer(index.read_text("utf-8"))
    }
    assert page in indexes or page.resolve() in linked
