r"""Golden cases: one text file each, in the manner of txtar, with all that a check needs and all that it must say.

    # What the case shows, in a sentence or two.
    -- comb.yaml --
    operators: {a: …, a: …}          # error: COMB1004
    -- out/diagnostics --
    …rewritten by `pytest --update`, like all of `out/`

An inline comment states the findings of its line. What no comment can say, because a comment would change the matter or
because the finding has no line, stands before the first file: `error: COMB0009 comb.yaml:1`.

In the files `␉` is a tab, `␍` a carriage return, and a line that begins with `×1000 ` stands for so many of it. A body
whose name ends in `(escaped)` is written as Python writes bytes. `(link)` makes a symbolic link to what the body says.
"""

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["Archive", "Intent", "load", "store", "visible"]

_SECTION = re.compile(r"^-- (.+) --\n", re.MULTILINE)
_STATED = re.compile(r"^(?P<severity>error|warning|info): (?P<codes>COMB\d{4}(?:, COMB\d{4})*) (?P<place>\S+)$")
_INLINE = re.compile(r"# (?P<severity>error|warning|info): (?P<codes>COMB\d{4}(?:, COMB\d{4})*)\s*$")
_REPEATED = re.compile(r"^×(\d+) (.*\n)", re.MULTILINE)
_INVISIBLE = {"␉": "\t", "␍": "\r"}
_OUT = "out/"


class Intent(NamedTuple):
    """A finding that the case's author wants, by `file:line`."""

    place: str
    severity: str
    code: str


class Archive(NamedTuple):
    """A case. `head` is all of it that a person wrote; `out` is what must come of `files`."""

    head: str
    intents: tuple[Intent, ...]
    files: Mapping[str, bytes]
    links: Mapping[str, str]
    out: Mapping[str, str]


def load(path: Path) -> Archive:
    """Read a case."""
    text = path.read_text(encoding="utf-8")
    preface, *sections = _SECTION.split(text)
    bodies = dict(zip(sections[::2], sections[1::2], strict=True))
    out = {name.removeprefix(_OUT): body for name, body in bodies.items() if name.startswith(_OUT)}
    given = {name: body for name, body in bodies.items() if not name.startswith(_OUT)}
    links = {name.removesuffix(" (link)"): body.strip() for name, body in given.items() if name.endswith(" (link)")}
    files = dict(_file(name, body) for name, body in given.items() if not name.endswith(" (link)"))
    begin = min((text.index(f"-- {_OUT}{name} --\n") for name in out), default=len(text))
    return Archive(text[:begin], (*_stated(preface), *_inline(given)), files, links, out)


def store(path: Path, case: Archive, out: Mapping[str, str]) -> None:
    """Write the case with another outcome; what a person wrote stays as it is."""
    head = case.head if case.head.endswith("\n") else f"{case.head}\n"
    path.write_text(head + "".join(f"-- {_OUT}{name} --\n{body}" for name, body in out.items()), encoding="utf-8")


def visible(text: str) -> str:
    """A text as a case holds it."""
    for sign, character in _INVISIBLE.items():
        text = text.replace(character, sign)
    return text


def _file(name: str, body: str) -> tuple[str, bytes]:
    if name.endswith(" (escaped)"):
        escaped = body.encode("ascii", "backslashreplace").decode("ascii")
        content: bytes = ast.literal_eval(f'b"""{escaped}"""')
        return name.removesuffix(" (escaped)"), content
    repeated = _REPEATED.sub(lambda found: found[2] * int(found[1]), body)
    for sign, character in _INVISIBLE.items():
        repeated = repeated.replace(sign, character)
    return name, repeated.encode()


def _stated(preface: str) -> list[Intent]:
    found = (_STATED.match(line) for line in preface.split("\n"))
    return [Intent(one["place"], one["severity"], code) for one in found if one for code in one["codes"].split(", ")]


def _inline(bodies: Mapping[str, str]) -> list[Intent]:
    intents: list[Intent] = []
    for name, body in bodies.items():
        for number, line in enumerate(re.split(r"\n|␍\n?", body), start=1):
            found = _INLINE.search(line)
            codes = found["codes"].split(", ") if found else []
            intents += [Intent(f"{name.split(' (')[0]}:{number}", found["severity"], code) for code in codes if found]
    return intents
