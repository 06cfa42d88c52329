"""GitHub's annotations, read back the way a runner reads a log."""

import re
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics import Diagnostic, Label, Position, Severity, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.diagnostics.render.github import render
from tests.diagnostics.strategies import FILES, diagnostics, texts

KNOWN = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher",
    "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip
OURS = {"error", "warning", "notice", "group", "stop-commands", "endgroup"}


class Command(NamedTuple):
    """What a runner would carry out."""

    name: str
    properties: dict[str, str]
    data: str


class Runner:
    """Reads a log as the runner's documentation and source say: `::name k=v,…::data` where a line begins, after blanks;
    `##[name k=v;…]data` anywhere in a line; nothing at all between `stop-commands` and its token."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.printed: list[str] = []
        self._token = ""

    def read(self, log: str) -> "Runner":
        for line in re.split(r"\r\n|\n|\r", log):
            command = self._new_form(line) or self._old_form(line)
            if command is None or (self._token and command.name != self._token):
                self.printed.append(line)
                continue
            if command.name == self._token:
                self._token = ""
            elif command.name == "stop-commands":
                self._token = command.data.lower()
            self.commands.append(command)
        return self

    def _new_form(self, line: str) -> Command | None:
        found = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
        return self._command(found, ",", {"%3A": ":", "%2C": ","}) if found else None

    def _old_form(self, line: str) -> Command | None:
        found = re.search(r"##\[(.*?)\](.*)", line, re.DOTALL)
        return self._command(found, ";", {"%3B": ";", "%5D": "]"}) if found else None

    def _command(self, found: re.Match[str], separator: str, escapes: dict[str, str]) -> Command | None:
        name, _, rest = found[1].partition(" ")
        if name.lower() not in KNOWN | ({self._token} if self._token else set()):
            return None
        pairs = [pair.split("=", 1) for pair in rest.strip().split(separator) if "=" in pair]
        common = {"%0D": "\r", "%0A": "\n"}
        properties = {key: _unescaped(value, {**common, **escapes}) for key, value in pairs}
        return Command(name.lower(), properties, _unescaped(found[2], common))


def _unescaped(text: str, escapes: dict[str, str]) -> str:
    for escape, character in {**escapes, "%25": "%"}.items():
        text = text.replace(escape, character)
    return text


def at(line: int, column: int, file: str = "comb.yaml") -> Span:
    return Span(file, Position(line, column), Position(line, column + 1))


def wrong(number: int, severity: Severity = Severity.ERROR) -> Diagnostic:
    return diagnose(codes.SYNTAX_ERROR, f"wrong {number}", at(number, 1))._replace(severity=severity)


smuggled = st.lists(
    st.sampled_from(
        [
            "::set-output name=a::b",
            "::stop-commands::x",
            "##[set-env name=A]b",
            "::endgroup::",
            "\n",
            "\r",
            " ",
            "a",
            "%0A",
        ]
    ),
    max_size=8,
).map("".join)


@given(smuggled, smuggled, smuggled, smuggled)
def test_no_text_of_a_user_becomes_a_command(message: str, label: str, hint: str, source: str) -> None:
    found = diagnose(codes.SYNTAX_ERROR, message, at(1, 1, f"{label}.yaml"), label=label, hints=(hint,), path=hint)
    runner = Runner().read(render([found], {f"{label}.yaml": source}))
    names = [command.name for command in runner.commands]
    assert names[:3] == ["error", "group", "stop-commands"]
    assert len(names) == 5
    assert names[3] == runner.commands[2].data
    assert names[4] == "endgroup"


@given(diagnostics(), st.fixed_dictionaries({}, optional=dict.fromkeys(FILES, texts)))
def test_annotations_say_what_was_found(found: list[Diagnostic], given_texts: dict[str, str]) -> None:
    runner = Runner().read(render(found, given_texts))
    annotations = [command for command in runner.commands if "title" in command.properties]
    assert len(annotations) == len(set(found))
    order = ["error", "warning", "notice"]
    assert [order.index(item.name) for item in annotations] == sorted(order.index(item.name) for item in annotations)


def test_a_place_is_given_by_line_and_column() -> None:
    awkward = "a,b:c%25 ü.yaml"
    found = diagnose(codes.SYNTAX_ERROR, "50% wrong: a, b", at(3, 7, awkward), label="here", hints=("quote it",))
    annotation = Runner().read(render([found], {})).commands[0]
    place = {"file": awkward, "line": "3", "endLine": "3", "col": "7", "endColumn": "8"}
    assert annotation == Command(
        "error", {**place, "title": "COMB1001 yaml-syntax"}, "50% wrong: a, b\nhere\nhelp: quote it"
    )


def test_places_beside_the_annotated_one_are_named() -> None:
    beside = (Label(at(7, 3, "platform.yaml"), "declared here"), Label(at(2, 1)), *(Label(at(n, 1)) for n in range(9)))
    found = diagnose(codes.SYNTAX_ERROR, "m", at(1, 1), related=beside)
    first, *others = Runner().read(render([found], {})).commands[0].data.split("\n")[1:]
    assert first == "platform.yaml:7: declared here"
    assert others == ["comb.yaml:2: see here", *(f"comb.yaml:{line}: see here" for line in (1, 1, 2))]


def test_columns_are_left_out_where_lines_differ() -> None:
    span = Span("comb.yaml", Position(1, 5), Position(3, 2))
    annotation = Runner().read(render([diagnose(codes.SYNTAX_ERROR, "m", span)], {})).commands[0]
    assert {"line", "endLine"} == set(annotation.properties) - {"file", "title"}


def test_no_more_than_github_shows_and_the_others_are_counted() -> None:
    found = [wrong(n, severity) for severity in Severity for n in range(1, 16)]
    runner = Runner().read(render(found, {}))
    shown = [command.name for command in runner.commands if command.name in ("error", "warning", "notice")]
    assert shown == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    count = [command for command in runner.commands if command.properties.get("title") == "Comb"]
    assert [command.data for command in count] == [
        "16 more in the log of this step; in all 15 errors, 15 warnings, 15 infos"
    ]
    assert sum(line.startswith("error[") for line in runner.printed) == 15


def test_a_few_need_no_count() -> None:
    log = render([wrong(n) for n in range(1, 11)], {})
    assert "title=Comb::" not in log


@pytest.mark.parametrize("severity", Severity)
def test_each_severity_has_its_command(severity: Severity) -> None:
    expected = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}[severity]
    assert Runner().read(render([wrong(1, severity)], {})).commands[0].name == expected


def test_nothing_to_say_is_nothing() -> None:
    assert render([], {}) == ""


def test_the_runner_of_these_tests_does_obey_commands() -> None:
    """Else the tests above could not fail."""
    log = "  ::set-output name=a::b%0Ac\nx ##[set-env name=A]b\n::stop-commands::t\n::set-output::\n::t::\n::debug::"
    commands = Runner().read(log).commands
    assert [command.name for command in commands] == ["set-output", "set-env", "stop-commands", "t", "debug"]
    assert commands[0] == Command("set-output", {"name": "a"}, "b\nc")
    assert OURS < KNOWN
