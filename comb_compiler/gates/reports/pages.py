"""A gate report as a page that needs nothing else, and as Markdown for a comment."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.filters import do_forceescape, do_mark_safe
from jinja2.sandbox import ImmutableSandboxedEnvironment

from comb_compiler.diagnostics.render.printable import show
from comb_compiler.gates.load.guide.wording import bounded_by, costing, gained, written
from comb_compiler.gates.load.saturation import saturation_line
from comb_compiler.gates.regular import FieldFinding
from comb_compiler.gates.reports.loads import chart
from comb_compiler.gates.reports.pictures import Picture
from comb_compiler.gates.reports.timelines import histories, panels
from comb_compiler.gates.results import GateReport, GateResult
from comb_compiler.gates.verdicts import Figure, Verdict
from comb_compiler.gates.wording import MEANING, percent, short, took

__all__ = ["report_html", "report_markdown"]

_LONGEST = 300
_LEAST_CHANCE = 1e-6
_LINE_END = re.compile("[\r\n]")
_QUOTED = re.compile("`([^`]+)`")
_SPECIAL = str.maketrans({"\\": "\\\\", **{one: f"&#{ord(one)};" for one in "&`|*_[]<>!#@~"}})
"""What Markdown would read as something of its own, to what it shows as just that."""
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Controls, and what turns the direction of writing, which makes a text look like another one."""
_MOST_IN_MARKDOWN = 10
_MARKS = {
    Verdict.PASSED: "✅",
    Verdict.BLOCKED: "❌",
    Verdict.UNDECIDED: "❓",
    Verdict.NOT_APPLICABLE: "⚪",
}


class Scale(NamedTuple):
    """Where on a line of 100 units what is seen, its bounds and the limit stand, and the share at its end."""

    seen: float
    lower: float
    upper: float
    limit: float
    end: float


def report_html(report: GateReport, pictures: Mapping[str, Sequence[Picture]]) -> str:
    """One page, without script and without anything from elsewhere."""
    page = _template("report.html.j2").render(
        report=report, pictures=pictures, meaning=_meaning(report), Verdict=Verdict
    )
    return _OBEYED.sub(lambda found: str(do_forceescape(show(found[0]).text)), page)


def report_markdown(report: GateReport) -> str:
    """What a comment on a pull request says: verdicts, and the samples that tell most."""
    return _template("report.md.j2").render(
        report=report, marks=_MARKS, meaning=_meaning(report), most=_MOST_IN_MARKDOWN
    )


@cache
def _template(name: str) -> Template:
    def is_html(template: str | None) -> bool:
        return template is not None and template.endswith(".html.j2")

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=is_html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(percent=percent, short=_short, scale=_scale, cell=_cell, tone=_tone, chart=chart)
    environment.filters.update(quoted=_quoted, most=_most, chance=_chance, took=took)
    environment.filters.update(panels=panels, histories=histories, saturated=saturation_line, fitting=_fitting)
    environment.filters.update(bounded_by=bounded_by, costing=costing, gained=gained, written=written)
    return environment.get_template(name)


def _meaning(report: GateReport) -> str:
    text = MEANING[report.verdict]
    return f"{text[0].upper()}{text[1:]}."


def _short(value: Any) -> str:
    return short(value, _LONGEST)


def _cell(value: Any) -> str:
    """Text for a table of Markdown's, in which nothing is read as anything else."""
    return show(" ".join(_LINE_END.split(_short(value)))).text.translate(_SPECIAL)


def _quoted(text: str) -> str:
    """Text, escaped, in which what stands between backticks is code."""
    return do_mark_safe(_QUOTED.sub(r"<code>\1</code>", str(do_forceescape(text))))


def _fitting(name: str, width: float) -> str:
    """As much of a name as fits into a box of a flame graph, of which the widest is 1."""
    room = int(170 * width)
    return name if len(name) <= room else f"{name[: room - 1]}…"


def _most(fields: Sequence[FieldFinding]) -> float:
    """The largest share of answers in which one of these fields differs, either way."""
    return max(max(one.noise, one.changed) / one.of for one in fields)


def _chance(share: float) -> str:
    return percent(share) if share >= _LEAST_CHANCE else f"under {percent(_LEAST_CHANCE)}"


def _scale(figure: Figure) -> Scale:
    end = min(1.0, 1.15 * max(figure.upper, figure.limit, figure.seen / figure.of))
    seen, lower, upper, limit = (
        round(100 * share / end, 2) for share in (figure.seen / figure.of, figure.lower, figure.upper, figure.limit)
    )
    return Scale(seen, lower, upper, limit, end)


def _tone(gate: GateResult) -> str:
    return gate.ruling.verdict.value.replace(" ", "-")
