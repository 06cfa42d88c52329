"""The documentation as a site: `make docs`. Sphinx reads the pages where they lie, and asks no network.

What an index page links to is what stands below it, so that no list of pages is kept twice.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

from comb_compiler import __version__

ROOT = Path(__file__).resolve().parents[1]

project = "Comb"
version = release = __version__
project_copyright = "the authors of Comb, under the Apache License 2.0"

extensions = ["myst_parser"]
root_doc = "docs/README"
include_patterns = [
    "*.md",
    "docs/**.md",
    "benchmarks/**.md",
    "examples/*/README.md",
    "comb_compiler/diagnostics/pages/*.md",
]
exclude_patterns = [".*", "build", "tests", "repo-template", "changelog.d"]
myst_heading_anchors = 4
smartquotes = False
suppress_warnings = ["misc.highlighting_failure"]  # pages show mistakes, some of which are no YAML

html_theme = "furo"
html_title = f"Comb {__version__}"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_use_index = False

INDEXES = ("docs/README", "docs/reference/README", "docs/adr/README")
PROJECT = (
    "README",
    "examples/frame-moderation/README",
    "ARCHITECTURE",
    "benchmarks/README",
    "CONTRIBUTING",
    "docs/release-checklist",
    "CHANGELOG",
)

ASIDE = "comb_compiler/diagnostics/pages/"
"""Pages beside the contents, which are found from a page of their own, and by searching."""

RESULTS = "\n## Results\n\n```{toctree}\n:glob:\n\nresults/*\n```\n"
"""What only the site adds to the page about benchmarks."""

_SECTION = re.compile(r"^\*\*(?:\[)?(?P<title>[^\]*]+)", re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^)#:\s]+)\.md\)")


def links(page: str, text: str) -> Iterator[str]:
    """The pages that a page links to, once each, as Sphinx names them."""
    directory = PurePosixPath(page).parent
    yield from dict.fromkeys(normpath(directory / found["target"]) for found in _LINK.finditer(text))


def add_contents(app: Any, page: str, source: list[str]) -> None:
    """Have Sphinx see the links of an index as its table of contents."""
    if page.startswith(ASIDE):
        source[0] = f"---\norphan: true\n---\n{source[0]}"
    elif page == "benchmarks/README":
        source[0] += RESULTS
    if page not in INDEXES:
        return
    text = source[0]
    starts = [found.start() for found in _SECTION.finditer(text)] if page == root_doc else [0]
    trees = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        found = _SECTION.match(text, start)
        trees.append(_tree(found["title"] if found else "", links(page, text[start:end])))
    if page == root_doc:
        trees.append(_tree("Project", PROJECT))
    source[0] = "".join([text, *trees])


def _tree(caption: str, pages: Iterable[str]) -> str:
    options = [":hidden:", *([f":caption: {caption}"] if caption else []), ""]
    return "\n".join(["", "```{toctree}", *options, *(f"/{page}" for page in pages), "```", ""])


def add_entrance(app: Any, error: Exception | None) -> None:
    """Lead from the site's own address to its first page."""
    if error is None and app.builder.format == "html":
        refresh = f'<meta http-equiv="refresh" content="0; url={root_doc}.html">'
        page = f'<!doctype html><meta charset="utf-8"><title>Comb</title>{refresh}'
        Path(app.outdir, "index.html").write_text(page + "\n", encoding="utf-8")


def setup(app: Any) -> None:
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_entrance)
