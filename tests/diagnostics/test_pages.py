"""The page of each code: it is there, has its form, and its examples do what they say."""

import re
import subprocess
from pathlib import Path

import pytest

from comb_compiler.diagnostics import CODES, Code, codes
from comb_compiler.diagnostics.explain import PAGES, explain, sentence
from comb_compiler.source import decode
from comb_compiler.spec.reading import read

READERS = [*(PAGES.parents[1] / "source").glob("*.py"), PAGES.parents[1] / "spec" / "reading.py"]
WRITTEN = CODES
"""Every page is written by hand."""
SAID_BY_READING = set(re.findall(r"codes\.([A-Z0-9_]+)\b", "".join(path.read_text() for path in READERS)))
BY_READING = tuple(code for code in WRITTEN if any(getattr(codes, name) is code for name in SAID_BY_READING))
"""The findings that come of reading one file, so that an example of its content shows them."""

each_page = pytest.mark.parametrize("code", WRITTEN, ids=lambda code: code.name)


def section(code: Code, title: str) -> str:
    """The text below one heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", explain(code), re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def findings(block: tuple[str, str], directory: Path) -> set[str]:
    """The codes that a block of YAML has, or the file that a block of shell makes."""
    language, body = block
    content = body.encode()
    if language == "sh":
        subprocess.run(["bash", "-euc", body], cwd=directory, check=True)
        content = (directory / "comb.yaml").read_bytes()
    source, diagnostics = decode("comb.yaml", content)
    said = (*diagnostics, *(read(source).diagnostics if source else ()))
    return {found.code.id for found in said if found.code in WRITTEN}


def blocks(text: str) -> list[tuple[str, str]]:
    """The fenced blocks that make a file, with their language."""
    return re.findall(r"^```(yaml|sh|proto|python|json)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_codes_are_listed_in_order() -> None:
    assert [code.id for code in CODES] == sorted(code.id for code in CODES)


def test_every_code_of_these_stages_has_a_page_and_every_page_a_code() -> None:
    assert {code.id for code in WRITTEN} <= {path.stem for path in PAGES.iterdir()} <= {code.id for code in CODES}


@each_page
def test_a_page_has_the_form(code: Code) -> None:
    page = explain(code)
    assert page.startswith(f"# {code.id}: {code.name}\n\n{sentence(page)}\n\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == ["What it is", "Why it matters", "Example", "Instead"]
    assert all(section(code, title).strip() for title in ("What it is", "Why it matters", "Example", "Instead"))
    assert page.count("```") % 2 == 0


@each_page
def test_a_page_reads_well_on_a_terminal(code: Code) -> None:
    prose = re.sub(r"^```.*?^```$", "", explain(code), flags=re.MULTILINE | re.DOTALL)
    assert [line for line in prose.split("\n") if len(line) > 79 and line != sentence(explain(code))] == []
    assert len(sentence(explain(code))) <= 100
    assert [c for c in explain(code) if c < " " and c not in "\n\t"] == []


@pytest.mark.parametrize("code", BY_READING, ids=lambda code: code.name)
def test_the_example_has_the_finding_and_what_is_shown_instead_has_none(code: Code, tmp_path: Path) -> None:
    examples, better = blocks(section(code, "Example")), blocks(section(code, "Instead"))
    assert [findings(block, tmp_path) for block in examples] == [{code.id}]
    assert better
    assert all(findings(block, tmp_path) == set() for block in better)


@each_page
def test_a_command_in_an_example_prints_this_finding(code: Code) -> None:
    printed = re.findall(r"^(?:error|warning)\[(.*?)\] (.*?):", section(code, "Example"), re.MULTILINE)
    assert set(printed) <= {(code.id, code.name)}
    assert printed or blocks(section(code, "Example"))


def test_an_unpaged_code_is_a_bug_and_says_so() -> None:
    with pytest.raises(FileNotFoundError):
        explain(Code("COMB9999", "no-such-page"))
