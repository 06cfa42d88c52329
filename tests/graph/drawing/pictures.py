"""Pictures to draw: small ones by hand, random ones, and large ones."""

import random
from collections.abc import Iterable
from datetime import timedelta

from hypothesis import strategies as st

from comb_compiler.graph.drawing import Arrow, Box, Kind, Picture, TimedPath
from comb_compiler.graph.drawing.cycles import cyclic_groups
from comb_compiler.graph.model import REQUEST

__all__ = ["ANSWER", "HOSTILE", "chain", "drawn_by_lot", "fan", "large", "picture", "pictures", "step"]

ANSWER = "return"
HOSTILE = (
    'a == "]-->" && b',
    "</text></svg><script>alert(1)</script>",
    "a\nb\r\n\tc \x1b[31m d",
    "%% x %%{init: {}}%% y",
    "`end` | #quot; &lt; style: x#35; y",
    '\\N \\" \\l {a} <b> [c](d) *e* _f_',
    "名前 == '火' && x",
    "a" * 300,
    "classDef x:y#z; ]]> ''' -- \u202e",
)
"""Conditions that are no trouble in CEL, or that nobody checked, and mean something to one of the forms."""


def step(name: str, timeout: int = 10, **more: object) -> Box:
    """A step whose operator has its name."""
    return Box(name, operator=f"op-{name}", timeout=timedelta(milliseconds=timeout))._replace(**more)  # type: ignore[arg-type]


def picture(steps: Iterable[Box], arrows: Iterable[Arrow], path: Iterable[str] = (), title: str = "t") -> Picture:
    """A picture with a request, an answer, and what arrows and a path make of its steps."""
    boxes = [Box(REQUEST, Kind.REQUEST, type="x.v1.Request"), *steps, Box(ANSWER, Kind.ANSWER, type="x.v1.Reply")]
    given = tuple(arrows)
    sources: dict[str, list[str]] = {box.name: [] for box in boxes}
    for arrow in given:
        sources[arrow.target].append(arrow.source)
    group = {name: number for number, names in enumerate(cyclic_groups(sources)) for name in names}
    critical = list(path)
    pairs = {*zip([REQUEST, *critical], [*critical, ANSWER], strict=True)} if critical else set()
    marked = {
        box.name: box._replace(
            is_critical=box.name in critical, is_cyclic=box.name in group, is_own_source=box.name in sources[box.name]
        )
        for box in boxes
    }
    told = tuple(
        arrow._replace(
            is_critical=(arrow.source, arrow.target) in pairs,
            is_cyclic=arrow.source in group and group[arrow.source] == group.get(arrow.target),
        )
        for arrow in given
    )
    timeouts = {name: marked[name].timeout for name in critical}
    total = sum((one for one in timeouts.values() if one), timedelta(0))
    timed = None if group else TimedPath(timeouts, total, timedelta(seconds=1))
    return Picture(title, marked, told, timed)


def chain(count: int) -> Picture:
    """Steps one after the other."""
    names = [f"s{number}" for number in range(count)]
    pairs = zip([REQUEST, *names], [*names, ANSWER], strict=True)
    return picture([step(name) for name in names], [Arrow(a, b, "" if b == ANSWER else "x") for a, b in pairs], names)


def fan(count: int) -> Picture:
    """Steps side by side, and one that takes what they give."""
    names = [f"s{number}" for number in range(count)]
    arrows = [Arrow(REQUEST, name, "frame", ("frame",)) for name in names]
    arrows += [Arrow(name, "last", name) for name in names]
    return picture([*map(step, names), step("last")], [*arrows, Arrow("last", ANSWER)], ["s0", "last"])


def large(count: int) -> Picture:
    """A random graph, always the same, in which each step waits for up to three of those shortly before it."""
    dice = random.Random(count)
    arrows = []
    for number in range(count):
        sources = {
            f"s{dice.randint(max(0, number - 60), number - 1)}" for _ in range(3) if number and dice.random() < 0.9
        }
        arrows += [Arrow(source, f"s{number}", f"p{port}") for port, source in enumerate(sorted(sources) or [REQUEST])]
    arrows.append(Arrow(f"s{count - 1}", ANSWER))
    return picture([step(f"s{number}") for number in range(count)], arrows)


def pictures(most: int = 9, *, cycles: bool = False) -> st.SearchStrategy[Picture]:
    """Random graphs, with all that a step can have; with cycles, if these are wanted."""
    return st.builds(drawn_by_lot, st.integers(1, most), st.integers(0, 1 << 32), st.just(cycles))


def drawn_by_lot(count: int, seed: int, cycles: bool) -> Picture:
    """Picture number `seed` with so many steps, always the same."""
    dice = random.Random(f"{count} {seed}")
    names = [f"s{number}" for number in range(count)]
    arrows: list[Arrow] = []
    for number, name in enumerate(names):
        possible = [REQUEST, *(names if cycles and dice.random() < 0.2 else names[:number])]
        for port in range(dice.randint(0, 4)):
            source = dice.choice(possible)
            if source != REQUEST and dice.random() < 0.2:
                arrows.append(Arrow(source, name, is_condition=True))
            else:
                fields = dice.choice([(), (), ("frame",), ("a", "b")])
                arrows.append(Arrow(source, name, f"p{port}", fields, dice.choice(["", "x.v1.Long", "x.T"])))
    arrows.append(Arrow(dice.choice(names), ANSWER, type="x.v1.Reply"))
    path = [name for name in names if dice.random() < 0.5] if dice.random() < 0.5 else []
    return picture([_by_lot(name, dice) for name in names], dict.fromkeys(arrows), path, dice.choice(["t", "a, arm b"]))


def _by_lot(name: str, dice: random.Random) -> Box:
    return Box(
        name,
        operator=dice.choice(["op", "an-operator-with-quite-a-long-name"]),
        model=dice.choice(["", "m@1.0.0", "quite-a-model@10.11.12"]),
        timeout=dice.choice([None, timedelta(milliseconds=5), timedelta(hours=3)]),
        type=dice.choice(["", "x.v1.Long"]),
        when=dice.choice(HOSTILE) if dice.random() < 0.3 else "",
        is_optional=dice.random() < 0.3,
        is_unused=dice.random() < 0.2,
    )
