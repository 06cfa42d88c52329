"""Text for a terminal: it fits, nothing is missing, and what it looks like."""

import re
from textwrap import dedent

import pytest
from hypothesis import given, strategies as st

from comb_compiler.diagnostics.render.printable import width
from comb_compiler.graph.drawing import Arrow, Box, Kind, Picture, Terminal, draw_text
from comb_compiler.graph.model import REQUEST
from tests.graph.drawing.pictures import ANSWER, HOSTILE, chain, fan, large, picture, pictures, step

SQUARE = picture(
    [
        step("a", 100, model="m@1.0.0"),
        step("b", 40),
        step("c", 50, when="request.deep", is_optional=True),
        step("d", 5),
    ],
    [
        Arrow(REQUEST, "a", "frame", ("image",), "x.v1.Frame"),
        Arrow("a", "b", "a", type="x.v1.A"),
        Arrow("a", "c", "in", type="x.v1.A"),
        Arrow("b", "d", "left", type="x.v1.B"),
        Arrow("c", "d", "right", type="x.v1.C"),
        Arrow("d", ANSWER, type="x.v1.Reply"),
    ],
    ["a", "b", "d"],
    "square",
)

LONG = picture(
    [
        step("the_first_of_all_the_steps", 100, model="m@1.0.0"),
        step("another", 50, when="request.deep", is_optional=True),
        step("last", 5),
    ],
    [
        Arrow(REQUEST, "the_first_of_all_the_steps", "frame", ("image",)),
        Arrow(REQUEST, "another", "frame", ("image",)),
        Arrow("the_first_of_all_the_steps", "last", "left"),
        Arrow("another", "last", "right", ("boxes",)),
        Arrow("last", ANSWER),
    ],
    ["the_first_of_all_the_steps", "last"],
    "long names",
)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_a_drawing() -> None:
    assert draw_text(SQUARE, Terminal()) == dedent(
        """\
        square

             ╭─────────╮
             │ request │
             │ Request │
             ╰────┰────╯
                  ▼ frame=.image
                 ┏━━━━━━━━━━━━━━┓
                 ┃ ● a    100ms ┃
                 ┃ op-a         ┃
                 ┃ m@1.0.0      ┃
                 ┗━━━━━━┳━━━━━━━┛
                   ┏━━━━┩
                   ▼    ▼ in
        ┏━━━━━━━━━━━┓  ┌┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┐
        ┃ ● b  40ms ┃  ┆ c            50ms ┆
        ┃ op-b      ┃  ┆ op-c              ┆
        ┗━━━━━┳━━━━━┛  ┆ when request.deep ┆
              ┃        ┆ optional          ┆
              ┃        └┄┄┄┄┄┄┄┄┄┬┄┄┄┄┄┄┄┄┄┘
              ┗━━━━━┓      ┌┄┄┄┄┄┘
                    ▼ left ▼ right
                   ┏━━━━━━━━━━━━━━┓
                   ┃ ● d      5ms ┃
                   ┃ op-d         ┃
                   ┗━━━━━━┳━━━━━━━┛
                          ▼
                     ╭────────╮
                     │ answer │
                     │ Reply  │
                     ╰────────╯

        critical path: a 100ms → b 40ms → d 5ms = 145ms of the deadline, 1s: 855ms to
          spare
        ● on the critical path   ┄ may be missing
        """
    )


def test_a_drawing_with_types_in_ascii() -> None:
    assert draw_text(SQUARE, Terminal(unicode=False), types=True) == dedent(
        """\
        square

          +---------+
          | request |
          | Request |
          +----#----+
               v frame=.image: Frame
              #=====================#
              # * a           100ms #
              # op-a                #
              # m@1.0.0             #
              #==========#==========#
                 #=======#
                 v A     v in: A
        #===========#  +...................+
        # * b  40ms #  : c            50ms :
        # op-b      #  : op-c              :
        #=====#=====#  : when request.deep :
              #        : optional          :
              #        +.........+.........+
              #==#         +.....+
                 v left: B v right: C
                #====================#
                # * d            5ms #
                # op-d               #
                #=========#==========#
                          v Reply
                        +--------+
                        | answer |
                        | Reply  |
                        +--------+

        critical path: a 100ms > b 40ms > d 5ms = 145ms of the deadline, 1s: 855ms to
          spare
        * on the critical path   . may be missing
        """
    )


def test_a_cycle_is_drawn_with_its_edges_marked() -> None:
    arrows = [Arrow(REQUEST, "a", "x"), Arrow("b", "a", "back"), Arrow("a", "b", "x"), Arrow("b", ANSWER)]
    assert draw_text(picture([step("a"), step("b")], arrows, title="circle"), Terminal()) == dedent(
        """\
        circle

            ╭─────────╮
            │ request │
            │ Request │
            ╰────┬────╯
                 ▼ x
            ┏━━━━━━━━━━━┓
            ┃ ↻ a  10ms ┃
            ┃ op-a      ┃
            ┗┳━┳━━━━━━━━┛
             ┃ ▲ back
            ┏┛ ┗┓
            ▼ x ┃
        ┏━━━━━━━┻━━━┓
        ┃ ↻ b  10ms ┃
        ┃ op-b      ┃
        ┗━━━━━┯━━━━━┛
              ▼
          ╭────────╮
          │ answer │
          │ Reply  │
          ╰────────╯

        no critical path: the graph has a cycle
        ↻ waits for itself
        """
    )


def test_a_list() -> None:
    assert draw_text(LONG, Terminal(40)) == dedent(
        """\
        long names (a drawing does not fit 40
        columns: layer by layer)

          request: Request

        layer 1
        ● the_first_of_all_the_steps:
            op-the_first_of_all_the_steps(
            frame=$request.image)  100ms
            m@1.0.0
          another: op-another(
            frame=$request.image)  50ms
            when request.deep  optional

        layer 2
        ● last: op-last(
            left=the_first_of_all_the_steps,
            right=another.boxes)  5ms

          answer: last

        critical path:
          the_first_of_all_the_steps 100ms →
          last 5ms = 105ms of the deadline, 1s:
          895ms to spare
        ● on the critical path
        ┄ may be missing
        """
    )


@given(pictures(cycles=True), st.sampled_from([40, 80, 160]), st.booleans(), st.booleans())
def test_it_fits_and_every_step_is_there_once(one: Picture, columns: int, colour: bool, types: bool) -> None:
    text = draw_text(one, Terminal(columns, colour), types=types)
    for name, box in one.boxes.items():
        if box.kind is Kind.STEP:
            said = len(re.findall(rf"(?:[│┃┆┇] (?:[●↻] )?{name} |^[●↻ ] {name}:(?: |$))", plain(text), re.MULTILINE))
            assert said == 1, (name, text)
    assert max(width(line) for line in plain(text).split("\n")) <= columns
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@given(pictures(cycles=True), st.booleans())
def test_without_colour_nothing_but_signs_that_show(one: Picture, unicode: bool) -> None:
    text = draw_text(one, Terminal(160, unicode=unicode))
    assert all(line.isprintable() and line == line.rstrip() for line in text.split("\n"))
    theirs = {*"".join(HOSTILE), "␛"}  # an escape character is shown by its picture
    assert unicode or {sign for sign in text if not sign.isascii()} <= theirs


@given(pictures(cycles=True), st.booleans())
def test_colour_changes_no_letter(one: Picture, types: bool) -> None:
    painted = draw_text(one, Terminal(120, colour=True), types=types)
    lines = [line.rstrip() for line in plain(painted).split("\n")]
    assert lines == draw_text(one, Terminal(120), types=types).split("\n")


def with_models(one: Picture) -> Picture:
    boxes = {name: box._replace(model="a-model-with-a-name@1.0.0") for name, box in one.boxes.items()}
    return one._replace(boxes=boxes)


@pytest.mark.parametrize(
    ("one", "columns", "reason"),
    [
        (fan(20), 80, "(a drawing does not fit 80 columns: layer by layer)"),
        (large(61), 500, "(more than 60 steps are listed: layer by layer)"),
        (chain(60), 80, ""),
        (with_models(fan(5)), 80, "(names only: all does not fit 80 columns)"),
    ],
    ids=["too wide", "too many", "as many as can be", "a little too wide"],
)
def test_what_is_left_out_is_said(one: Picture, columns: int, reason: str) -> None:
    assert draw_text(one, Terminal(columns)).split("\n")[0] == f"t {reason}".rstrip()


def test_of_a_long_path_the_ends_are_told() -> None:
    text = " ".join(draw_text(chain(30), Terminal()).split())
    assert "critical path: s0 10ms → s1 10ms →" in text
    assert "→ s6 10ms → 19 more → s26 10ms → s27 10ms → s28 10ms → s29 10ms = 300ms of the deadline, 1s" in text


def test_long_conditions_are_cut_in_boxes_and_told_below_in_full() -> None:
    text = "request.check && request.width > 100u && request.region in ['eu', 'us', 'apac']"
    boxes = {
        "request": Box("request", Kind.REQUEST),
        **{name: Box(name, operator="work", model="a-long-name-of-a-model@1.10.0", when=text) for name in "abc"},
    }
    picture = Picture("conditions", boxes, tuple(Arrow("request", name, "x") for name in "abc"))
    for columns in (200, 100, 80, 40, 20):
        drawn = draw_text(picture, Terminal(width=columns))
        assert max(map(len, drawn.splitlines())) <= columns
        assert ("names only" in " ".join(drawn.split())) == (columns < 80)
        assert drawn.count("@1.10.0") == (3 if columns >= 80 else 0)
        assert all(f"{name}: when {text}" in " ".join(drawn.split()) for name in "abc")
