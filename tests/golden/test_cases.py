"""Every finding as a person sees it: one readable case each, in `cases/`."""

import difflib
from collections import Counter
from pathlib import Path

import pytest

from comb_compiler.diagnostics import Applicability, Diagnostic
from comb_compiler.diagnostics.render.text import render
from tests.golden.archive import Archive, Intent, load, store, visible
from tests.golden.compilation import (
    check_artifacts,
    check_code_on_disk,
    check_in_memory,
    check_on_disk,
    compare_on_disk,
    exam_on_disk,
    fixed,
    policies_on_disk,
    prove_on_disk,
    render_on_disk,
    repaired,
    template_on_disk,
    texts_of,
    write,
)

DIRECTORY = Path(__file__).parent / "cases"
CASES = sorted(DIRECTORY.glob("*/*.txt"))
ON_DISK = {
    "artifacts": check_artifacts,
    "changes": compare_on_disk,
    "code": check_code_on_disk,
    "evidence": prove_on_disk,
    "exam": exam_on_disk,
    "files": check_on_disk,
    "policies": policies_on_disk,
    "render": render_on_disk,
    "templates": template_on_disk,
}
"""Directories of cases in which the file system has a part, with who looks at it."""

IN_MEMORY = [path for path in CASES if path.parent.name not in ON_DISK]


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(DIRECTORY).with_suffix("")))


def findings(case: Archive, path: Path, checkout: Path) -> tuple[Diagnostic, ...]:
    """What is said of a case."""
    look = ON_DISK.get(path.parent.name)
    if look is None:
        return check_in_memory(case.files)
    write(checkout, case.files, case.links)
    return look(checkout)


@each(CASES)
def test_the_findings_are_those_that_the_case_states(path: Path, tmp_path: Path) -> None:
    case = load(path)
    found = [_intent(one) for one in findings(case, path, tmp_path)]
    assert sorted(found) == sorted(case.intents)


@each(CASES)
def test_they_look_as_the_case_shows(path: Path, tmp_path: Path, update: bool) -> None:
    case = load(path)
    found = findings(case, path, tmp_path)
    out = _outcome(case, found)
    if update and out != case.out:
        store(path, case, out)
    elif not update:
        assert out.keys() == case.out.keys(), "pytest --update accepts it"
        for name, text in out.items():
            difference = difflib.unified_diff(case.out[name].split("\n"), text.split("\n"), "expected", "found")
            assert text == case.out[name], "\n".join(("pytest --update accepts it:", *difference))


@each(IN_MEMORY)
def test_every_fix_clears_its_finding(path: Path) -> None:
    case = load(path)
    found = check_in_memory(case.files)
    for one in found:
        if one.fix is None:
            continue
        after = check_in_memory(repaired(case.files, [one.fix]))
        assert _kinds(after)[_kind(one)] < _kinds(found)[_kind(one)], one
        if one.fix.applicability is Applicability.SAFE:
            assert _kinds(after) <= _kinds(found), one


@each(IN_MEMORY)
def test_the_command_says_the_same(path: Path, tmp_path: Path) -> None:
    case = load(path)
    write(tmp_path, case.files, case.links)
    assert check_on_disk(tmp_path) == check_in_memory(case.files)


@each(CASES)
def test_every_case_says_what_it_shows(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")


def _outcome(case: Archive, found: tuple[Diagnostic, ...]) -> dict[str, str]:
    out = {"places": "".join(f"{line}\n" for one in found for line in _places(one)), "diagnostics": ""}
    out["diagnostics"] = render(found, texts_of(case.files))
    if any(one.fix for one in found):
        files = fixed(case.files)
        fixes = ((name, text) for name, text in texts_of(files).items() if files[name] != case.files[name])
        out |= {f"fixed/{name}": visible(text) for name, text in fixes}
    return out if found else {}


def _intent(found: Diagnostic) -> Intent:
    assert found.primary is not None
    span = found.primary.span
    return Intent(f"{span.file}:{span.start.line}", found.severity.value, found.code.id)


def _places(found: Diagnostic) -> list[str]:
    """Every place of a finding, in a form that a reader can count after."""
    assert found.primary is not None
    first = " ".join(filter(None, (found.severity.value, found.code.id, found.path)))
    labels = [(found.primary.span, first), *((label.span, f"… {label.text}".rstrip()) for label in found.related)]
    return [f"{s.file}:{s.start.line}:{s.start.column}-{s.end.line}:{s.end.column} {text}" for s, text in labels]


def _kind(found: Diagnostic) -> tuple[str, str, str]:
    return (found.code.id, found.path, found.message)


def _kinds(found: tuple[Diagnostic, ...]) -> Counter[tuple[str, str, str]]:
    return Counter(map(_kind, found))
