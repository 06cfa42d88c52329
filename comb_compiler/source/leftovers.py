"""Lines that are not YAML at all: what git left of a merge, and what a template engine was to take away."""

import re

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.mishap import Mishap

__all__ = ["merge_conflict", "shell_variable", "template_line"]

_OURS = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_THEIRS = re.compile(r"^>{7}(?: .*)?$", re.MULTILINE)
_VARIABLE = re.compile(r"\$\{[^{}\s]*\}")
_TEMPLATE = re.compile(r" *(?:- +)?(?P<template>\{\{.*?\}\}|\{%.*?%\}|<%.*?%>)")


def merge_conflict(mishap: Mishap) -> Diagnostic | None:
    """Markers of a merge that git could not do; whatever else is wrong may come of them."""
    text = mishap.lines.text
    ours = _OURS.search(text)
    theirs = _THEIRS.search(text, ours.end()) if ours else None
    if ours is None or theirs is None:
        return None
    first, last = (mishap.lines.position(found.start()).line for found in (ours, theirs))
    return diagnose(
        codes.SYNTAX_ERROR,
        "a merge conflict is not resolved here",
        mishap.span(first, 0, len(mishap.lines[first])),
        related=(Label(mishap.span(last, 0, len(mishap.lines[last])), "up to here"),),
        hints=("keep one of both sides, or what is right of each, and delete the three markers",),
    )


def template_line(mishap: Mishap) -> Diagnostic | None:
    """`{{- if … }}` where a key was expected."""
    for number in dict.fromkeys((mishap.at.line, mishap.begun.line if mishap.begun else mishap.at.line)):
        found = _TEMPLATE.match(mishap.lines[number])
        if found is not None:
            return diagnose(
                codes.SYNTAX_ERROR,
                f"`{found['template'][:40]}` is an instruction for a template engine, and no YAML",
                mishap.span(number, found.start("template"), found.end("template")),
                hints=("Comb fills in no templates: what differs belongs into `environments`, or an arm's `set`",),
            )
    return None


def shell_variable(mishap: Mishap) -> Diagnostic | None:
    """`{team: ${TEAM}}`, where the second `{` begins nothing."""
    found = _VARIABLE.match(mishap.line, max(mishap.at.column - 2, 0))
    if found is None or mishap.character != "{":
        return None
    return diagnose(
        codes.SYNTAX_ERROR,
        f"`{found[0][:40]}` stands for nothing: Comb fills in no variables",
        mishap.span(mishap.at.line, found.start(), found.end()),
        hints=(
            "write the value; what differs belongs into `environments`, or an arm's `set`",
            "quote it if it is text",
        ),
    )
