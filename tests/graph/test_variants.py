"""What a variant shares with the comb as written is not analysed again, and nothing is overlooked for it."""

from random import Random

import pytest

from comb_compiler.compiler import compile_comb
from comb_compiler.graph import variants
from comb_compiler.release import ExecutionPlan, Graph
from comb_compiler.workspace.sources import load_sources
from tests.graph.variations import PROTO, findings, right, varied
from tests.support.memory import REMEMBERED, MemoryCheckout
from tests.support.trials import Trial

SEEDS = 150


def check_seed(seed: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many findings there are, which are the same when each variant is analysed as a whole."""
    text = varied(Random(seed))
    shared = findings(text)
    with monkeypatch.context() as patch:
        patch.setattr(variants, "find_changes", lambda base, variant: None)
        assert findings(text) == shared, f"seed {seed}:\n{text}"
    return len(shared)


def test_nothing_is_overlooked_that_a_whole_analysis_of_each_variant_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [check_seed(seed, monkeypatch) for seed in range(SEEDS)]
    assert sum(map(bool, counts)) > SEEDS // 2


def lowered(text: str) -> object:
    """What the engine would run, whatever the order of the steps; None where there is no plan."""
    files = {"comb.yaml": text.encode(), "v.proto": PROTO.encode()}
    plan = compile_comb(load_sources(MemoryCheckout(files), "comb.yaml", REMEMBERED), memo=REMEMBERED).plan
    if plan is None:
        return None
    assert plan.experiment is not None
    return [canonical(plan, plan.graphs[arm.graph]) for arm in plan.experiment.arms]


def canonical(plan: ExecutionPlan, graph: Graph) -> object:
    names = [node.name for node in graph.nodes]
    steps = {}
    for node in graph.nodes:
        inputs = [one._replace(source=0) for one in node.inputs]
        sources = [names[one.source] if one.source >= 0 else "" for one in node.inputs]
        after = {names[number] for number in node.after}
        when = (node.when.expression, sorted(node.when.variables)) if node.when else None
        binding = plan.bindings[node.binding]._replace(name="")
        steps[node.name] = (binding, inputs, sources, after, when, node.optional, node.timeout)
    return names[graph.answer], graph.convert, steps


def test_the_plan_is_that_of_a_whole_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = 0
    for seed in range(SEEDS):
        text = right(Random(seed))
        shared = lowered(text)
        with monkeypatch.context() as patch:
            patch.setattr(variants, "find_changes", lambda base, variant: None)
            assert lowered(text) == shared, f"seed {seed}:\n{text}"
        plans += shared is not None
    assert plans > SEEDS // 4


@pytest.mark.prove
def test_variants_are_analysed_where_they_differ(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    combs = found = 0
    while trial.goes_on():
        found += check_seed(trial.random.getrandbits(32), monkeypatch)
        combs += 1
        trial.note(combs=combs, findings=found)
