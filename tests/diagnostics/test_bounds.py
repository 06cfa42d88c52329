"""Of very many findings some are told: warnings do not become errors by their number, and hide none."""

from collections import Counter
from itertools import count

from comb_compiler.diagnostics import Diagnostic, Severity, codes
from comb_compiler.diagnostics.bounds import MOST, bounded
from comb_compiler.diagnostics.model import Position, Span, diagnose


def at(line: int, code: codes.Code) -> Diagnostic:
    return diagnose(code, "a mistake", Span("comb.yaml", Position(line, 1), Position(line, 2)))


def test_a_row_of_warnings_stays_one_of_warnings() -> None:
    told = list(bounded(at(line, codes.AMBIGUOUS_SCALAR) for line in range(1, 1000)))
    assert [finding.severity for finding in told] == [Severity.WARNING] * (MOST + 1)
    assert told[-1].code is codes.TOO_MANY_MISTAKES
    assert told[-1].primary is not None
    assert told[-1].primary.span.start.line == MOST + 1


def test_an_error_behind_very_many_warnings_is_told() -> None:
    row = [at(line, codes.AMBIGUOUS_SCALAR) for line in range(1, 1000)]
    told = list(bounded([*row, at(1000, codes.DUPLICATE_KEY)]))
    assert told[-1] == at(1000, codes.DUPLICATE_KEY)
    assert Counter(finding.severity for finding in told) == {Severity.WARNING: MOST + 1, Severity.ERROR: 1}


def test_past_very_many_errors_nothing_is_worked_out() -> None:
    told = list(bounded(at(line, codes.DUPLICATE_KEY) for line in count(1)))
    assert [finding.severity for finding in told] == [Severity.ERROR] * (MOST + 1)
