"""The pictures of the docs are small, are shown, and show pages that Comb still makes.

They are not compared with what a browser draws today. The page of `replay` takes the example's models and a minute;
`tests/gates/test_reports.py` holds what is on it.
"""

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.docs.pictures import PAGES, PICTURES, ROOT, SIZE

SHOWS = {
    "change": ("What changes", "frame-moderation in production", "models", "to prove", "replicas", "restarts"),
    "load": (
        "Blocked",
        "frame-moderation",
        "p95 promised",
        "saturation",
        "requests a second",
        "held against",
        "CPU each",
    ),
}
"""What can be read on a picture."""


def test_each_page_has_its_picture() -> None:
    assert {path.stem for path in PICTURES.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_is_small_and_whole(name: str) -> None:
    path = PICTURES / f"{name}.webp"
    assert path.stat().st_size <= 150_000
    with Image.open(path) as picture:
        picture.load()
        assert picture.size == SIZE


@pytest.mark.parametrize("name", PAGES)
def test_a_picture_is_shown_with_words_for_who_cannot_see_it(name: str) -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    words = [
        found
        for page in pages
        for found in re.findall(rf"!\[([^\]]*)\]\([\w./]*pictures/{name}\.webp\)", page.read_text("utf-8"))
    ]
    assert words
    assert all(len(one.split()) >= 5 for one in words)


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWS)
def test_what_a_picture_shows_is_still_on_its_page(name: str, tmp_path: Path) -> None:
    page = re.sub(r"<style>.*?</style>|<[^>]*>", " ", PAGES[name](tmp_path), flags=re.DOTALL)
    words = " ".join(page.split())
    assert [one for one in SHOWS[name] if one not in words] == []
