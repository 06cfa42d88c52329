"""A gate report → what people and programs read: HTML, Markdown, JSON, JUnit's XML."""

from collections.abc import Callable, Mapping

from comb_compiler.gates.reports.as_json import report_json
from comb_compiler.gates.reports.junit import report_junit
from comb_compiler.gates.reports.pages import report_html, report_markdown
from comb_compiler.gates.reports.pictures import Picture, pictures_of, texts_of
from comb_compiler.gates.results import GateReport

__all__ = [
    "FILES", "Picture", "pictures_of", "report_html", "report_json", "report_junit", "report_markdown", "texts_of",
]  # fmt: skip

FILES: Mapping[str, Callable[[GateReport, Mapping[str, list[Picture]]], str]] = {
    "report.html": report_html,
    "report.json": lambda report, _: report_json(report),
    "report.md": lambda report, _: report_markdown(report),
    "junit.xml": lambda report, _: report_junit(report),
}
"""The files of a report, and what makes each of a report and the pictures of its samples, by their names."""
