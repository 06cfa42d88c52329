"""How many trials prove a rate: the exact bound of Clopper and Pearson, in decimals."""

from decimal import Decimal, localcontext

import pytest

from comb_compiler.graph.analyses.gates import trials_needed

RATES = [Decimal(n) / 2_000 for n in range(1, 2_000)] + [Decimal(1).scaleb(-n) for n in range(4, 9)]


def test_the_numbers_are_exact() -> None:
    with localcontext() as context:
        context.prec = 60
        for rate in RATES:
            needed = trials_needed(rate)
            assert needed is not None
            assert (1 - rate) ** needed <= Decimal("0.05") < (1 - rate) ** (needed - 1), rate


@pytest.mark.parametrize(("rate", "needed"), [(0, None), (-1, None), (1, 1), (2, 1), (Decimal("0.01"), 299)])
def test_the_ends(rate: Decimal | float, needed: int | None) -> None:
    assert trials_needed(rate) == needed
