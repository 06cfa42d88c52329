"""A report → Markdown for a terminal and for comments on a pull request: the verdict first, counts before details."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from comb_compiler.changes.plain import plain
from comb_compiler.cli.ci.report import Comb, Finding, Place, Report, Verdict
from comb_compiler.cli.wrapping import filled
from comb_compiler.diagnostics.render.printable import encodable, show

__all__ = ["MARKER", "as_comments", "as_text"]

MARKER = "<!-- comb ci"
"""How each comment begins, so that the next run finds it."""
_MOST = 60_000
"""Bytes of a comment: forges take 65,536 characters."""
_MOST_COMMENTS = 10
_MOST_OF_A_COMB = 20_000
_MOST_LISTED = 12
_LONGEST = 400
_SIGNS = {
    Verdict.PASSED: "✅",
    Verdict.REFUSED: "❌",
    Verdict.BLOCKED: "⛔",
    Verdict.UNDECIDED: "❔",
    Verdict.FAILED: "⚠️",
}
_MEANING = {
    Verdict.PASSED: "nothing speaks against this change",
    Verdict.REFUSED: "the combs, the platform or a policy say no",
    Verdict.BLOCKED: "a gate has proven that it does not keep what is asked",
    Verdict.UNDECIDED: "a gate could not decide, and nothing ships that is not proven",
    Verdict.FAILED: "something outside failed: trying again may help",
}
_FACTS = ("models", "parameters", "arms", "images", "refused", "data lost")
"""Effects that the head shows in full; the others it counts."""
_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
"""A number as we write one: an exponent would be written out, however large."""

_Escape = Callable[[str], str]
_Told = Callable[[Sequence[tuple[str, str]]], Iterable[str]]


def as_text(report: Report, width: int | None = None) -> str:
    """All of it, for a terminal: controls and whatever else a terminal obeys are shown by name.

    Lines that are longer than `width` go on below their text, where there is one.
    """
    lines = [*_head(report, _shown, _aligned), *(line for comb in report.combs for line in ["", *_comb(comb, _shown)])]
    return "\n".join(lines if width is None else (_wrapped(line, width) for line in lines))


def _wrapped(line: str, width: int) -> str:
    """A list's item goes on below its first word, a fact below what is said of its topic."""
    begins = re.match(r" *(- |\S+( \S+)*  +)?", line)
    hang = " " * len(begins.group()) if begins else ""
    return "\n".join(filled(line, width, others=hang))


def _aligned(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Facts below each other, for a terminal."""
    widest = max(len(topic) for topic, _ in facts)
    yield from (f"  {topic.ljust(widest)}  {text}" for topic, text in facts)


def _table(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Facts as a table of Markdown."""
    yield from ("| | |", "|---|---|")
    yield from (f"| {topic} | {text} |" for topic, text in facts)


def as_comments(report: Report) -> list[str]:
    """The comments, in order: each has whole combs, and of a comb that is too long the last lines are left out."""
    head = _within(
        [f"## {line}" if number == 0 else line for number, line in enumerate(_head(report, _marked, _table))]
    )
    parts = [head]
    for number, comb in enumerate(report.combs):
        block = _folded(comb)
        if len((parts[-1] + block).encode()) > _MOST:
            if len(parts) == _MOST_COMMENTS:
                parts[-1] += f"\n… and {_count(len(report.combs) - number, 'comb')} more: report.json has them all\n"
                break
            parts.append("## More combs\n")
        parts[-1] += block
    return [f"{MARKER} {number}/{len(parts)} -->\n{part}" for number, part in enumerate(parts, 1)]


def _folded(comb: Comb) -> str:
    title, *lines = _comb(comb, _marked)
    is_open = " open" if comb.verdict != Verdict.PASSED else ""
    return f"\n<details{is_open}><summary>{title}</summary>\n\n{_within(lines)}\n</details>\n"


def _within(lines: Iterable[str]) -> str:
    kept: list[str] = []
    size = left = 0
    for line in lines:
        size += len(line.encode()) + 1
        if size > _MOST_OF_A_COMB:
            left += 1
        else:
            kept.append(line)
    more = [f"\n… and {left:,} lines more: report.json has them all"] if left else []
    return "\n".join([*kept, *more, ""])


def _marked(text: str) -> str:
    return plain(_cut(encodable(text)))


def _shown(text: str) -> str:
    return show(_cut(text)).text


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _verdict(verdict: str) -> str:
    return f"{_SIGNS.get(verdict, '?')} {verdict if verdict in _SIGNS else 'unknown'}"


def _head(report: Report, escape: _Escape, told: _Told) -> Iterator[str]:
    yield f"{_verdict(report.verdict)}: {_MEANING.get(report.verdict, '')}"
    yield ""
    since = f"since {escape(report.base)} ({escape(report.commit[:12])})"
    yield f"{_count(len(report.combs), 'comb')} touched by {_count(report.files, 'changed file')} {since}"
    if report.combs:
        yield ""
        yield from told([(topic, text) for topic, text in _facts(report, escape) if text])
    yield ""
    if report.conflicts:
        files = _listed(report.conflicts, escape)
        yield f"- ❌ cannot be merged: {files} changed on both sides"
    if report.behind and not report.conflicts:
        gone_on = f"{escape(report.base)} has gone on by {_count(report.behind, 'commit')}"
        yield f"- {gone_on}: what is merged is not quite what was tried here"
    for name in report.retire:
        yield f"- {escape(name)} has no comb.yaml any more, and runs on: comb retire {escape(name)} takes it out"
    yield from _findings(report.findings, escape)


def _facts(report: Report, escape: _Escape) -> Iterator[tuple[str, str]]:
    combs = report.combs
    yield "verdicts", ", ".join(f"{count} {escape(name)}" for name, count in _counted(one.verdict for one in combs))
    for topic in _FACTS:
        found = (
            f"{comb.name}: {effect.text}"
            for comb in combs
            for effect in (effect for place in comb.places for effect in place.effects)
            if effect.topic == topic
        )
        yield topic, _listed(tuple(dict.fromkeys(found)), escape, "<br>" if escape is _marked else "; ")
    yield "devices", _listed(tuple(_devices(combs)), escape)
    gates = _counted(gate.verdict for comb in combs for gate in comb.gates)
    yield "gates", ", ".join(f"{count} {escape(name)}" for name, count in gates)
    found_in = (*report.findings, *(one for comb in combs for one in comb.findings))
    yield (
        "findings",
        ", ".join(_count(count, escape(name)) for name, count in _counted(one.severity for one in found_in)),
    )
    yield "owners", _listed(tuple(dict.fromkeys(comb.team for comb in combs if comb.team)), escape)
    yield "blast radius", _radius(combs)


def _radius(combs: Iterable[Comb]) -> str:
    places = [place for comb in combs for place in comb.places]
    if not places:
        return "no cluster is told anything else"
    clusters = {place.cluster for place in places}
    restarts = sum(effect.topic == "restarts" for place in places for effect in place.effects)
    said = f"{_count(len(places), 'place')} in {_count(len(clusters), 'cluster')}"
    return f"{said}, {_count(restarts, 'workload')} restarted" if restarts else said


def _devices(combs: Iterable[Comb]) -> Iterator[str]:
    """How many devices are asked for by each cluster, before and after."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for comb in combs:
        for place in comb.places:
            for usage in place.usage:
                if "/" in usage.resource:  # extended resources, as devices are, have a domain
                    key = place.cluster, usage.resource
                    before, after = sums.get(key, (Decimal(), Decimal()))
                    sums[key] = before + _number(usage.before), after + _number(usage.after)
    for (cluster, resource), (before, after) in sums.items():
        yield f"{cluster}: {resource} {before:f} → {after:f}"


def _number(text: str) -> Decimal:
    return Decimal(text) if _PLAIN.fullmatch(text) else Decimal()


def _comb(comb: Comb, escape: _Escape) -> Iterator[str]:
    """The title, and the lines below."""
    team = f" ({escape(comb.team)})" if comb.team else ""
    yield f"{_verdict(comb.verdict)} {escape(comb.name or comb.file)}{team}"
    yield f"- touched by {_listed(comb.touched, escape)}"
    yield from (f"- {escape(said)}" for said in comb.remarks)
    yield from _findings(comb.findings, escape)
    for gate in comb.gates:
        asked = f", {gate.asked:,} asked" if gate.asked else ""
        yield f"- gate {escape(gate.gate)}: {escape(gate.verdict)}{asked}"
        yield from (f"  - {escape(why)}" for why in gate.why[:_MOST_LISTED])
    for place in comb.places:
        yield from _place(place, escape)


def _place(place: Place, escape: _Escape) -> Iterator[str]:
    yield f"- {escape(place.environment)}, cluster {escape(place.cluster)}: {escape(place.counts)}"
    for effect in place.effects[: _MOST_LISTED * 2]:
        yield f"  - {'❌ ' if effect.grave else ''}{escape(effect.topic)}: {escape(effect.text)}"
    left = len(place.effects) - _MOST_LISTED * 2
    yield from [f"  - and {left} more"] if left > 0 else []


def _findings(found: tuple[Finding, ...], escape: _Escape) -> Iterator[str]:
    for one in found[:_MOST_LISTED]:
        at = f"{escape(one.file)}:{one.line}: " if one.file else ""
        yield f"- {escape(one.severity)} {escape(one.code)}: {at}{escape(one.message)}"
    if len(found) > _MOST_LISTED:
        yield f"- and {len(found) - _MOST_LISTED} findings more"


def _listed(words: tuple[str, ...], escape: _Escape, between: str = ", ") -> str:
    shown = between.join(escape(one) for one in words[:_MOST_LISTED])
    return f"{shown}{between}and {len(words) - _MOST_LISTED} more" if len(words) > _MOST_LISTED else shown


def _counted(words: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(words).items())


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"
