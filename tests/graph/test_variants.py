"""What a variant shares with the comb as written is not analysed again, and nothing is overlooked for it."""

import random

import pytest

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic
from comb_compiler.graph import variants
from comb_compiler.source.memo import NOTHING_KEPT
from comb_compiler.workspace.sources import load_sources
from tests.support.memory import REMEMBERED, MemoryCheckout

PROTO = """syntax = "proto3";
package v;
service S { rpc R(Q) returns (A); }
message Q { bool a = 1; bool b = 2; }
message A { string text = 1; }
message B { int32 text = 1; }
"""
COMB = """apiVersion: comb.dev/v1
kind: Comb
metadata: {name: varied}
interface: {proto: v.proto, method: v.S/R}
operators:
  read: {run: "o:R", in: {q: v.Q}, out: v.A, timeout: 10ms, batch: {max: 2, wait: 1ms}, fallback: {value: {}}}
  join: {run: "o:J", in: {q: v.Q, x: v.A, z: {type: v.A, optional: true}}, out: v.A, timeout: 20ms}
  spare: {run: "o:S", in: {q: v.Q}, out: v.A}
graph:
  first: read(q=$request)
  other: {call: spare(q=$request), when: request.a, timeout: 5ms, optional: true}
  last: {call: "join(q=$request, x=first, z=other)", timeout: 30ms}
  return: last
sla: {qps: 1, deadline: 50ms, errorRate: 1%}
gates: {load: {steps: [1], hold: 300s}, replay: {regular: {count: 3000}}}
"""
CHANGES = (
    "operators: {read: {timeout: 25ms}}",
    "operators: {read: {batch: {wait: 12ms}}}",
    "operators: {read: {out: v.B}}",
    "operators: {read: {fallback: {value: {txet: a}}}}",
    "operators: {read: {fallback: null}}",
    "operators: {read: {retries: 2}}",
    "operators: {join: {in: {z: {optional: false}}}}",
    "operators: {join: {timeout: null}, spare: {timeout: 3ms}}",
    "operators: {more: {run: 'o:M', in: {q: v.Q}, out: v.A}}",
    "operators: {spare: null}",
    "sla: {deadline: 20ms}",
    "sla: {errorRate: 0.1%}",
    "gates: {load: {hold: 10s}}",
    "graph: {last: {timeout: 60ms}}",
    "graph: {other: {when: request.b}}",
    "graph: {other: {optional: false}}",
    "graph: {more: read(q=$request)}",
    "graph: {first: spare(q=$request)}",
    "graph: {return: first}",
    "graph: {other: null}",
    "graph: {first: 'join(q=$request, x=last)'}",
    "recording: {sample: 2%}",
)


def findings(text: str) -> tuple[Diagnostic, ...]:
    checkout = MemoryCheckout({"comb.yaml": text.encode(), "v.proto": PROTO.encode()})
    return check(load_sources(checkout, "comb.yaml", REMEMBERED), None, NOTHING_KEPT).diagnostics


def combs() -> list[str]:
    chance = random.Random(4)
    drawn = [[one] for one in CHANGES] + [chance.sample(CHANGES, 4) for _ in range(12)]
    return [
        COMB
        + "experiment:\n  key: header/x\n  arms:\n"
        + "".join(f"    arm{number}: {{weight: 1, set: {{{change}}}}}\n" for number, change in enumerate(changes))
        for changes in drawn
    ]


def test_nothing_is_overlooked_that_a_whole_analysis_of_each_variant_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = combs()
    shared = [findings(text) for text in texts]
    monkeypatch.setattr(variants, "find_changes", lambda base, variant: None)
    assert [findings(text) for text in texts] == shared
    assert sum(map(bool, shared)) > len(CHANGES) // 2
