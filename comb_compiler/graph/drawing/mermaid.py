"""`Picture` → Mermaid's flowchart (https://mermaid.js.org/syntax/flowchart.html), which GitHub and GitLab draw."""

from collections.abc import Iterator

from comb_compiler.graph.drawing.model import Arrow, Box, Kind, Picture
from comb_compiler.graph.drawing.wording import arrow_label, box_lines, one_line, summary

__all__ = ["draw_mermaid"]

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.,@()=+-/→●↻…")
_CLASSES = {
    "critical": "stroke:#d97706,stroke-width:3px",
    "cyclic": "stroke:#dc2626,stroke-width:3px",
    "missing": "stroke-dasharray:5 4",
    "unused": "opacity:0.5",
}


def draw_mermaid(picture: Picture, *, types: bool = False) -> str:
    """A flowchart; nodes are numbered, since a step may have a name that is a word of Mermaid's, such as `end`."""
    return "\n".join((*_lines(picture, types=types), ""))


def _lines(picture: Picture, *, types: bool) -> Iterator[str]:
    yield from ("---", f"title: {_title(picture.title)}", "---", "flowchart TB")
    numbers = {name: f"n{number}" for number, name in enumerate(picture.boxes)}
    for name, box in picture.boxes.items():
        yield f"  {numbers[name]}{_node(box)}"
    for arrow in picture.arrows:
        link = _link(arrow, picture, types=types)
        yield f"  {numbers[arrow.source]} {link} {numbers[arrow.target]}"
    yield from _styles(picture, numbers)
    yield from _caption(picture)


def _title(text: str) -> str:
    """A text of YAML in single quotes."""
    return "'" + one_line(text).replace("'", "''") + "'"


def _node(box: Box) -> str:
    lines = (f"{line.text} ({line.right})" if line.right else line.text for line in box_lines(box))
    label = "<br/>".join(_escaped(line) for line in lines)
    return f'(["{label}"])' if box.kind in (Kind.REQUEST, Kind.ANSWER) else f'["{label}"]'


def _link(arrow: Arrow, picture: Picture, *, types: bool) -> str:
    dashed = arrow.is_condition or picture.boxes[arrow.source].may_be_missing
    line = "==>" if arrow.is_critical or arrow.is_cyclic else "-.->" if dashed else "-->"
    text = arrow_label((arrow,), types=types)
    return f'{line}|"{_escaped(text)}"|' if text else line


def _escaped(text: str) -> str:
    """In a quoted label anything but letters and harmless signs is written by its number: `#34;` is a quote."""
    return "".join(one if one in _PLAIN or one.isalnum() else f"#{ord(one)};" for one in text)


def _styles(picture: Picture, numbers: dict[str, str]) -> Iterator[str]:
    for word, style in _CLASSES.items():
        named = [numbers[name] for name, box in picture.boxes.items() if word in _classes(box)]
        if named:
            yield f"  classDef {word} {style}"
            yield f"  class {','.join(named)} {word}"
    for word in ("critical", "cyclic"):
        links = [str(number) for number, arrow in enumerate(picture.arrows) if getattr(arrow, f"is_{word}")]
        if links:
            yield f"  linkStyle {','.join(links)} {_CLASSES[word]}"


def _classes(box: Box) -> list[str]:
    is_missing = box.may_be_missing or box.kind is Kind.UNKNOWN
    holds = {"critical": box.is_critical, "cyclic": box.is_cyclic, "missing": is_missing, "unused": box.is_unused}
    return [word for word, is_so in holds.items() if is_so]


def _caption(picture: Picture) -> Iterator[str]:
    """A comment: there is no place for text below a flowchart."""
    yield from (f"  %% {one_line(text)}" for text in summary(picture.path))
