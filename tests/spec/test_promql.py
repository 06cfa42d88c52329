"""What is refused of a query no Prometheus would take; what it takes is never refused."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
import yaml

from comb_compiler.spec.promql import find_query_mistake
from tests.conftest import RequiresTool

RIGHT = (
    'sum by (job) (rate(requests_total{path=~"/v[12]/\\\\(.*\\"]", job!=\'a}\', raw=`)`}[5m:1m] offset -1m))',
    "# what the gateway counts, 'quoted\" (or not\nsum(rate(x[1m])) # it's enough\n/ 2",
    'histogram_quantile(0.99, sum by (le) (rate(seconds_bucket{app="ocr"}[5m]))) > bool 0.5',
    'label_replace(up, "to", "$1-${name}", "from", "(.*)") * on (to) group_left () count by (to) ({__name__=~"a|b"})',
    "max_over_time((-x ^ 2 % 3 and y or z unless w)[1h:]) == 1e3",
    '{__name__="with.dots", label="&|?;\\\\$"} @ end()',
    "a:b:c + 0x1f - +Inf",
)
NEWER = ('{"with.dots", "a label"="&|?;\\\\$"}', "rate(x[5m + step()])", "x * on () fill (0) y")
"""What servers take that are newer than the parser of this test."""


def broken(query: str) -> Iterator[str]:
    """The query with each sign that matters left out, doubled, or put in the place of another, and cut off there."""
    for found in re.finditer(r"[][(){}'\"`,=#$&|^*/+]", query):
        before, after = query[: found.start()], query[found.end() :]
        yield before + after
        yield before + 2 * found.group() + after
        yield before + "])}([{'\"`|$ "[found.start() % 12] + after
        yield before + found.group()


def refused(queries: list[str], tool: Path, directory: Path) -> set[int]:
    """The numbers of the queries that Prometheus's own parser refuses."""
    groups = [{"name": f"g{number}", "rules": [{"record": "r", "expr": one}]} for number, one in enumerate(queries)]
    (directory / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    done = subprocess.run([tool, "check", "rules", "rules.yaml"], cwd=directory, capture_output=True, text=True)
    return {int(number) for number in re.findall(r'group "g(\d+)", rule 1', done.stdout + done.stderr)}


@pytest.mark.parametrize("query", [*RIGHT, *NEWER])
def test_what_is_right_is_not_refused(query: str) -> None:
    assert find_query_mistake(query) is None


def test_what_is_refused_prometheus_refuses(tmp_path: Path, requires_tool: RequiresTool) -> None:
    queries = [*RIGHT, *dict.fromkeys(one for query in RIGHT for one in broken(query) if one.strip())]
    theirs = refused(queries, requires_tool("promtool"), tmp_path)
    ours = {number for number, query in enumerate(queries) if find_query_mistake(query) is not None}
    assert theirs.isdisjoint(range(len(RIGHT)))
    assert not ours - theirs, [queries[number] for number in sorted(ours - theirs)]
    assert len(ours) > len(theirs) / 2  # most of what breaks by one sign is told before a server is asked


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("sum(rate(x[5m])", "("),
        ("sum(x))", ")"),
        ("rate(x[5m)", ")"),
        ("x{a='b}", "'"),
        ("rate(x[$__interval])", "$__interval"),
        ("x +", "+"),
        ("# nothing", "# nothing"),
    ],
)
def test_the_part_that_is_wrong_is_named(query: str, part: str) -> None:
    found = find_query_mistake(query)
    assert found is not None
    assert query[found.start : found.end] == part


def test_long_queries_take_no_time() -> None:
    begin = process_time()
    for sign in "([{'\"`\\#$ |":
        find_query_mistake(sign * 200_000)
        find_query_mistake("x" + sign * 200_000 + "'")
    assert process_time() - begin < 20
