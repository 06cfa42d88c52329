"""Random typed graphs as the files of a comb, with the place of everything that is written in them."""

import random
from typing import NamedTuple

from hypothesis import strategies as st

from comb_compiler.compiler import Checked, check
from comb_compiler.diagnostics import Diagnostic, Position, Severity, Span
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

__all__ = ["Call", "Written", "checked", "errors", "graphs", "written"]

TYPES = ("A", "B", "C")
PROTO = """syntax = "proto3";
package t.v1;
service S { rpc M(Req) returns (A); }
message Req { A a = 1; B b = 2; C c = 3; bool flag = 4; int32 number = 5; }
message A { string a = 1; }
message B { int32 b = 1; }
message C { repeated A items = 3; }
"""


class Call(NamedTuple):
    """A step: its operator's answer is of `out`; its inputs are sources, by the number of the step or None."""

    out: str
    inputs: tuple[int | None, ...]
    timeout: int


class Written(NamedTuple):
    """A comb.yaml, and where in it the names of steps, ports, sources and operators stand."""

    text: str
    places: dict[tuple[str, ...], Span]


@st.composite
def graphs(draw: st.DrawFn, most: int = 12) -> list[Call]:
    """A DAG in which every step is used, each after those that it uses; the last answers with an `A`."""
    count = draw(st.integers(1, most))
    seed = random.Random(draw(st.integers(0, 1 << 32)))
    calls: list[Call] = []
    free: list[int] = []
    for number in range(count):
        is_last = number == count - 1
        chosen = set(free) if is_last else {one for one in free if seed.random() < 0.4}
        chosen |= {seed.randrange(number) for _ in range(seed.randrange(2)) if number}
        inputs: list[int | None] = [*sorted(chosen)]
        seed.shuffle(inputs)
        if not inputs or seed.random() < 0.2:
            inputs.append(None)
        free = [one for one in free if one not in chosen] + [number]
        calls.append(Call("A" if is_last else seed.choice(TYPES), tuple(inputs), seed.randrange(1, 50)))
    return calls


def written(calls: list[Call], deadline: int | None = None, shuffle: int = 0) -> Written:
    """The graph as a file; `shuffle` puts the steps in another order."""
    lines = ["apiVersion: comb.dev/v1", "kind: Comb", "metadata: {name: random}"]
    lines += ["interface: {proto: t.proto, method: t.v1.S/M}", "operators:"]
    places: dict[tuple[str, ...], Span] = {}
    for number, call in enumerate(calls):
        ports = ", ".join(f"p{index}: t.v1.{_type(calls, source, index)}" for index, source in enumerate(call.inputs))
        lines.append(f"  o{number}: {{run: m.a:O, in: {{{ports}}}, out: t.v1.{call.out}, timeout: {call.timeout}ms}}")
    lines.append("graph:")
    order = list(range(len(calls)))
    random.Random(shuffle).shuffle(order)
    for number in order if shuffle else range(len(calls)):
        lines.append(_step(number, calls, len(lines) + 1, places))
    places["return",] = _span(len(lines) + 1, 11, len(f"s{len(calls) - 1}"))
    lines.append(f"  return: s{len(calls) - 1}")
    if deadline is not None:
        places["deadline",] = _span(len(lines) + 1, 17, len(f"{deadline}ms"))
        lines.append(f"sla: {{deadline: {deadline}ms}}")
    return Written("\n".join(lines) + "\n", places)


def _type(calls: list[Call], source: int | None, index: int) -> str:
    return TYPES[index % len(TYPES)] if source is None else calls[source].out


def _step(number: int, calls: list[Call], line: int, places: dict[tuple[str, ...], Span]) -> str:
    text = f"  s{number}: o{number}("
    places["operator", f"s{number}"] = _span(line, text.index("o") + 1, len(f"o{number}"))
    for index, source in enumerate(calls[number].inputs):
        text += ", " if index else ""
        name = f"$request.{_type(calls, None, index).lower()}" if source is None else f"s{source}"
        places["port", f"s{number}", f"p{index}"] = _span(line, len(text) + 1, len(f"p{index}"))
        text += f"p{index}="
        places["source", f"s{number}", f"p{index}"] = _span(line, len(text) + 1, len(name))
        text += name
    return text + ")"


def _span(line: int, column: int, length: int) -> Span:
    return Span("comb.yaml", Position(line, column), Position(line, column + length))


def checked(text: str) -> Checked:
    """What Comb says of a file of these."""
    files = {"comb.yaml": text.encode(), "t.proto": PROTO.encode()}
    return check(load_sources(MemoryCheckout(files), "comb.yaml", REMEMBERED), memo=REMEMBERED)


def errors(found: Checked) -> list[Diagnostic]:
    """The errors among the findings."""
    return [one for one in found.diagnostics if one.severity is Severity.ERROR]
