"""The page of each code: what it is, why it matters, an example, what to write instead."""

from pathlib import Path

from comb_compiler.diagnostics.codes import Code

__all__ = ["PAGES", "explain", "page_url", "sentence"]

PAGES = Path(__file__).parent / "pages"
_SITE = "https://comb.dev/diagnostics"


def explain(code: Code) -> str:
    """The page of `code`, Markdown that reads well as it is."""
    return (PAGES / f"{code.id}.md").read_text(encoding="utf-8")


def sentence(page: str) -> str:
    """The first paragraph of a page, below its title, in one line."""
    paragraphs = page.split("\n\n", 2)
    return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""


def page_url(code: Code) -> str:
    """Where the page is on the web."""
    return f"{_SITE}/{code.id}"
