"""The page with plots that `comb samples stats --html` writes: it says what was counted, and needs nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from comb_compiler.cli.samples.charts import Chart, Series
from comb_compiler.samples.embedded import EmbeddedStore
from tests.cli.conftest import Comb
from tests.cli.test_samples import STORE, record, store

__all__ = ["store"]  # a fixture

_WIDTH, _HEIGHT = 960, 230


class Reader(HTMLParser):
    """The page's elements, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page_of(comb: Comb, directory: Path, *options: str) -> str:
    ran = comb("samples", "stats", *STORE, "--html", str(directory / "page.html"), *options)
    assert ran.code == 0, ran.err
    assert "records, from" in ran.out  # it is printed as ever
    assert "page.html: a page with plots" in ran.err
    return (directory / "page.html").read_text(encoding="utf-8")


def test_the_page_says_what_was_counted(comb: Comb, store: EmbeddedStore, tmp_path: Path) -> None:
    one = record(7)
    one.arm = "rotate"
    store.put([one])
    page = page_of(comb, tmp_path, "--every", "1m")
    titles = re.findall("<title>([^<]*)</title>", page)[1:]
    assert "2026-09-21 14:13:00Z: 1 (no arm)" in titles
    assert "2026-09-21 14:20:00Z: 1 rotate" in titles
    assert "2026-09-21 14:17:00Z: 1 INTERNAL" in titles
    assert "2026-09-21 14:18:00Z: 1 DEADLINE_EXCEEDED" in titles
    assert "2026-09-21 14:20:00Z: p99 8 ms" in titles
    assert "2026-09-21 14:20:00Z: rotate 8 ms" in titles
    text = " ".join(Reader(page).texts)
    assert "7 recorded requests" in text
    assert re.search(r"OK\s+5\s+71.43%", text)


def test_the_page_loads_nothing_and_runs_nothing(comb: Comb, store: EmbeddedStore, tmp_path: Path) -> None:
    spoiled = record(8)
    spoiled.arm, spoiled.error, spoiled.code = '"><script>alert(1)</script>\x1b[31m\u202e', "<img src=x>", 2
    store.put([spoiled])
    page = page_of(comb, tmp_path, "--by", "arm", "--by", "operator")
    reader = Reader(page)
    assert {tag for tag, _ in reader.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "use",
        "image",
        "a",
    } == set()
    assert not [
        name for _, given in reader.elements for name in given if name.startswith("on") or name in ("src", "href")
    ]
    assert "url(" not in page
    assert "@import" not in page
    assert any("<script>" in text for text in reader.texts)  # as text
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_where_none_has_failed_the_page_says_so(comb: Comb, store: EmbeddedStore, tmp_path: Path) -> None:
    assert "There are none." in page_of(comb, tmp_path, "--code", "OK")


def test_a_page_that_cannot_be_written_is_a_failure_of_what_is_outside(comb: Comb, store: EmbeddedStore) -> None:
    ran = comb("samples", "stats", *STORE, "--html", "nowhere/page.html")
    assert (ran.code, "`nowhere/page.html` cannot be written" in ran.err) == (4, True)


def test_names_that_have_no_colour_left_are_one(comb: Comb, store: EmbeddedStore, tmp_path: Path) -> None:
    some = [record(number) for number in range(10, 22)]
    for number, one in enumerate(some):
        one.arm = f"arm-{number}"
    store.put(some)
    page = page_of(comb, tmp_path)
    assert page.count("others</span>") == 2  # of counts, and of latencies


_AMOUNTS = st.one_of(st.just(0.0), st.floats(1e-9, 1e12))


@pytest.mark.parametrize("kind", ["bars", "lines"])
@given(
    st.integers(1, 12).flatmap(lambda n: st.lists(st.lists(_AMOUNTS, min_size=n, max_size=n), min_size=1, max_size=8))
)
def test_whatever_is_drawn_is_within_the_picture(kind: str, values: list[list[float]]) -> None:
    series = [Series(f"<&{number}>", one) for number, one in enumerate(values)]
    labels = [f"at {number}" for number in range(len(values[0]))]
    chart = Chart("of <all>", series, labels, lambda value: f"{value:g}")
    root = ET.fromstring(chart.bars() if kind == "bars" else chart.lines())
    drawn = 0
    for one in root.iter():
        if one.tag == "rect":
            drawn += 1
            x, y, width, height = (float(one.attrib[name]) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= x + width <= _WIDTH
            assert y >= -0.1
            assert y + height <= _HEIGHT
        elif one.tag == "circle":
            drawn += 1
            assert 0 <= float(one.attrib["cx"]) <= _WIDTH
            assert 0 <= float(one.attrib["cy"]) <= _HEIGHT
    assert drawn == sum(value > 0 for one in values for value in one)
    ticks = list(root.iter("line"))
    assert 2 <= len(ticks) <= 30
