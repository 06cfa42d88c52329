"""`--code`: what operators' code declares, against what comb.yaml says of it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic, codes, has_errors
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source.memo import Memo
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.code import code_findings, questions
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.variants import Findings
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.code import describe_code
from comb_compiler.workspace.sources import load_sources

__all__ = ["check_code"]


def check_code(checkout: Checkout, mains: Iterable[str], memo: Memo) -> list[Diagnostic]:
    """In what the code of these combs differs from them. Runs that code. A comb with errors is left out."""
    return [finding for main in mains for finding in _check(checkout, main, memo)]


def _check(checkout: Checkout, main: str, memo: Memo) -> list[Diagnostic]:
    checked = check(load_sources(checkout, main, memo), memo=memo)
    if checked.comb is None or has_errors(checked.diagnostics):
        return []
    found = Findings()
    found.add(_comparators(checkout, main, checked.comb.base))
    variants = [(variant, variant.value) for variant in checked.comb.variants if variant.value is not None]
    asked = questions([comb for _, comb in variants])
    answers = describe_code(checkout, main, asked)
    for variant, comb in variants:
        found.add(code_findings(variant, comb, answers, asked), variant.overlaid)
    return found.all


def _comparators(checkout: Checkout, main: str, bound: Bound[Comb]) -> Iterator[Diagnostic]:
    """The comparators of gates.compare that are none. Runs their code too."""
    assert bound.value is not None
    named = {path: rule.run for path, rule in bound.value.gates.compare.items() if rule.run is not None}
    if not named:
        return
    from comb_compiler.cli.gate.comparators import Comparators

    with Comparators(Path(checkout.root, main).parent) as comparators:
        for path, entry in named.items():
            place = bound.place("gates", "compare", path, "run")
            flaw = comparators.flaw(entry)
            if flaw:
                hint = (
                    "it has to be a function of two values, beside comb.yaml or installed, that returns True or False"
                )
                yield diagnose(codes.BAD_COMPARISON, flaw, place.span, path=format_path(place.path), hints=(hint,))
