"""`--code`: what operators' code declares, against what comb.yaml says of it."""

from collections.abc import Iterable

from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic, has_errors
from comb_compiler.source.memo import Memo
from comb_compiler.spec.code import code_findings, questions
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
    variants = [(variant, variant.value) for variant in checked.comb.variants if variant.value is not None]
    asked = questions([comb for _, comb in variants])
    answers = describe_code(checkout, main, asked)
    found = Findings()
    for variant, comb in variants:
        found.add(code_findings(variant, comb, answers, asked), variant.overlaid)
    return found.all
