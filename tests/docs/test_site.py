"""The documentation as a site: it builds without a warning, whole, of itself alone."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
FIRST = "docs/README.html"
PAGES = sorted(
    str(page.relative_to(ROOT).with_suffix(".html"))
    for pattern in ("*.md", "docs/**/*.md", "examples/*/README.md", "comb_compiler/diagnostics/pages/*.md")
    for page in ROOT.glob(pattern)
)
_LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "use": "href"}
_STYLE_ELSEWHERE = re.compile(r"(url\(|@import)\s*['\"]?([a-z]+:)?//", re.IGNORECASE)
_ELSEWHERE = re.compile(r"([a-z]+:)?//", re.IGNORECASE)

pytestmark = pytest.mark.slow


class Page(NamedTuple):
    """What a page links to, what it loads, and the places in it that can be linked to."""

    links: set[str]
    loads: set[str]
    places: set[str]


class Reader(HTMLParser):
    """Reads a page."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page(set(), set(), set())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.page.places.add(values.get("id") or "")
        if tag == "a":
            self.page.links.add(values.get("href") or "")
        elif tag in _LOADS:
            self.page.loads.add(values.get(_LOADS[tag]) or "")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `make docs` makes it, on a machine without a network."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", "docs", ".", str(out)]
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **nowhere}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return out


@pytest.fixture(scope="module")
def site(built: Path) -> dict[str, Page]:
    """Its pages by their names."""
    return {str(path.relative_to(built)): read(path) for path in sorted(built.rglob("*.html"))}


def read(path: Path) -> Page:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader.page


def led_to(name: str, page: Page) -> Iterator[tuple[str, str]]:
    """The files of the site that a page links to, each with the place in it."""
    for link in page.links:
        if not re.match(r"[a-z]+:", link):
            file, _, place = unquote(link).partition("#")
            yield os.path.normpath(Path(name).parent / file) if file else name, place


def test_every_page_is_there_and_is_reached_from_the_first(site: dict[str, Page]) -> None:
    reached, ahead = set(), {FIRST}
    while ahead:
        reached |= ahead
        ahead = {file for name in ahead for file, _ in led_to(name, site[name]) if file in site} - reached
    assert [page for page in PAGES if page not in reached] == []


def test_every_link_leads_somewhere(built: Path, site: dict[str, Page]) -> None:
    lost = [
        (name, file, place)
        for name, page in site.items()
        for file, place in led_to(name, page)
        if not (built / file).is_file() or (place and place not in site[file].places)
    ]
    assert lost == []


def test_nothing_is_loaded_from_elsewhere(built: Path, site: dict[str, Page]) -> None:
    assert [(name, one) for name, page in site.items() for one in page.loads if _ELSEWHERE.match(one)] == []
    styles = {path: path.read_text("utf-8") for path in built.rglob("*.css")}
    assert styles
    assert [path for path, text in styles.items() if _STYLE_ELSEWHERE.search(text)] == []


def test_the_sites_own_address_leads_to_its_first_page(built: Path) -> None:
    assert f"url={FIRST}" in (built / "index.html").read_text("utf-8")
