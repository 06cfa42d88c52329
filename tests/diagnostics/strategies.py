"""Diagnostics of every shape, for properties that must hold of all of them."""

from hypothesis import strategies as st

from comb_compiler.diagnostics import CODES, Applicability, Diagnostic, Edit, Fix, Label, Position, Severity, Span

__all__ = ["FILES", "diagnostics", "edits_within", "fixes", "hostile_text", "places_within", "texts"]

FILES = ("comb.yaml", "a b/ü,:%.yaml", "platform.yaml")

_AWKWARD = "\t\r\n \x00\x07\x1b\x7f\x9b\u00a0\u00ad\u0301\u200b\u200d\u2028\u202e\ufeff世é🙂\udc80|^-:#[]{}%\"'"

hostile_text = st.text(st.one_of(st.sampled_from(_AWKWARD), st.characters(codec="utf-8")), max_size=30)
"""Text of a user: controls, escapes, wide and combining characters, bytes of a name that were not UTF-8."""

texts = st.lists(st.text(st.sampled_from("ab: {}世🙂é\t\r\n\u2028\u0301\x1b"), max_size=40), max_size=6).map("\n".join)
"""Files with all the ways to end a line, and some characters that only look like one."""

_numbers = st.one_of(st.integers(-2, 12), st.integers(-(10**9), 10**9))
_places = st.builds(Position, _numbers, _numbers)


def _spans(places: st.SearchStrategy[Position]) -> st.SearchStrategy[Span]:
    return st.builds(Span, st.sampled_from(FILES), places, places)


def _fixes(places: st.SearchStrategy[Position]) -> st.SearchStrategy[Fix]:
    edits = st.lists(st.builds(Edit, _spans(places), hostile_text), max_size=3).map(tuple)
    return st.builds(Fix, hostile_text, edits, st.sampled_from(Applicability))


def diagnostics(
    places: st.SearchStrategy[Position] = _places, *, stages: tuple[str, ...] = ("",)
) -> st.SearchStrategy[list[Diagnostic]]:
    """Lists of diagnostics at `places` (anywhere at all, unless said otherwise), of codes that begin with `stages`."""
    labels = st.builds(Label, _spans(places), hostile_text)
    one = st.builds(
        Diagnostic,
        code=st.sampled_from([code for code in CODES if code.id.startswith(stages)]),
        severity=st.sampled_from(Severity),
        message=hostile_text,
        primary=st.none() | labels,
        related=st.lists(labels, max_size=3).map(tuple),
        path=hostile_text,
        hints=st.lists(hostile_text, max_size=2).map(tuple),
        fix=st.none() | _fixes(places),
    )
    return st.lists(one, max_size=4)


def places_within(text: str) -> st.SearchStrategy[int]:
    """Offsets of `text` that are places: not those between a carriage return and its line feed."""
    return st.sampled_from([at for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n" or at == 0])


def edits_within(text: str) -> st.SearchStrategy[tuple[int, int, str]]:
    """A replacement by offsets."""
    place = places_within(text)
    drawn = st.tuples(place, place, st.text("xy\r\n世🙂", max_size=4))
    return drawn.map(lambda edit: (min(edit[:2]), max(edit[:2]), edit[2]))


def fixes(text: str) -> st.SearchStrategy[list[list[tuple[int, int, str]]]]:
    """Fixes of one to three edits each, as offsets."""
    return st.lists(st.lists(edits_within(text), min_size=1, max_size=3), max_size=6)
