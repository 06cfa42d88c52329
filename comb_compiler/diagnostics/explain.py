"""The page of each code: what it is, why it matters, an example, what to write instead."""

from pathlib import Path

from comb_compiler.diagnostics.codes import Code

__all__ = ["PAGES", "explain", "paragraph_below", "sentence"]

PAGES = Path(__file__).parent / "pages"


def explain(code: Code) -> str:
    """The page of `code`, Markdown that reads well as it is."""
    return (PAGES / f"{code.id}.md").read_text(encoding="utf-8")


def paragraph_below(page: str, heading: str) -> str:
    """The first paragraph below a heading, which is given as it is written, `# …` included; in one line."""
    paragraphs = page.split("\n\n")
    return " ".join(paragraphs[paragraphs.index(heading) + 1].split())


def sentence(page: str) -> str:
    """What the code says, in one sentence: all that stands between the title and the first heading."""
    return paragraph_below(page, page.partition("\n")[0])
