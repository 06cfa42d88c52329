"""Sets of samples with which a gate can decide nothing: they are not there, they are empty, or they are too small.

Each is a warning: samples may come after the gates that ask them, and until they do, `comb gate` is undecided.
"""

from collections.abc import Iterator
from decimal import Decimal

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.gates import percent, trials_needed
from comb_compiler.source import SourceSet, Unavailable
from comb_compiler.source.sourceset import MOST_SAMPLES
from comb_compiler.spec import Bound, Comb
from comb_compiler.spec.files import named_samples
from comb_compiler.spec.places import Place, format_path

__all__ = ["check_samples"]

_ADD = "each directory in it is a sample: `comb samples add` makes one of a request"


def check_samples(bound: Bound[Comb], sources: SourceSet) -> Iterator[Diagnostic]:
    """What can be said of the directories of samples that were looked into."""
    for gate, (path, place, _) in named_samples(sources.main, bound.root).items():
        there = sources.samples.get(path)
        if isinstance(there, Unavailable):
            is_missing = there.code is codes.FILE_NOT_FOUND
            code, hint = (codes.TOO_FEW_SAMPLES, _ADD) if is_missing else (there.code, there.hint)
            yield _found(code, there.message, place, hint)
        elif there == 0:
            yield _found(codes.TOO_FEW_SAMPLES, f"there are no samples in `{path}`", place, _ADD)
        elif there is not None and there < MOST_SAMPLES and bound.is_sound("gates"):
            yield from _too_few(bound, gate[-1], there, place)


def _too_few(bound: Bound[Comb], gate: str | int, there: int, place: Place) -> Iterator[Diagnostic]:
    """That the share which a gate asks for is not proven by all of `there` samples."""
    replay = bound.value.gates.replay if bound.value is not None else None
    share: Decimal | None = None
    if replay is not None and replay.optimised is not None and gate == "optimised":
        share, field, what = replay.optimised.better, "better", "are better"
    elif replay is not None and replay.regular is not None and gate == "regular":
        share, field, what = replay.regular.same, "same", "of the answers stay the same"
    needed = trials_needed(1 - share) if share is not None else None
    if share is None or needed is None or there >= needed:
        return
    asked = bound.place("gates", "replay", gate, field)
    samples = "1 sample" if there == 1 else f"{there:,} samples"
    yield _found(
        codes.TOO_FEW_SAMPLES,
        f"{samples} cannot prove that {percent(share)} {what}",
        place,
        f"add {needed - there:,} more, or ask for a smaller share: {needed:,} prove this one when all go well",
        (Label(asked.span, "asked here"),) if asked.path[-1] == field else (),
    )


def _found(code: codes.Code, message: str, place: Place, hint: str, related: tuple[Label, ...] = ()) -> Diagnostic:
    hints = (hint,) if hint else ()
    return diagnose(
        code, message, place.span, related=(*related, *place.related), path=format_path(place.path), hints=hints
    )
