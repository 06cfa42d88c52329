"""A comb that a change touches → what is wrong with it, and what becomes of what runs: check, policies, plan."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from comb_compiler.changes import CombChanges
from comb_compiler.changes.wording import counts_text, effect_lines
from comb_compiler.cli.against import Against, name_of
from comb_compiler.cli.beside import Claims
from comb_compiler.cli.ci.report import Comb, Effect, Finding, Place, Usage, Verdict
from comb_compiler.cli.ci.touched import Touched
from comb_compiler.cli.gate.subjects import resources_in
from comb_compiler.cli.plan_against import Work
from comb_compiler.cli.plan_bases import Base
from comb_compiler.cli.plan_opening import Here, past_platform
from comb_compiler.compiler import Checked, check, compile_comb
from comb_compiler.diagnostics import Diagnostic, Severity, has_errors, in_reading_order
from comb_compiler.release.subject import subjects_of
from comb_compiler.source import SourceSet, decode
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec import bind_comb
from comb_compiler.spec.comb import Comb as CombFile
from comb_compiler.spec.loading import read_once
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import COMB_FILE
from comb_compiler.workspace.operators import code_digest
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.sources import load_sources

__all__ = ["Judged", "Sides", "findings_of", "judge", "subjects_before"]

_GATES = ("availability", "replay", "load")


class Sides(NamedTuple):
    """Both ends of a change: the checkout and the commit that it began from, with the platform that is asked."""

    checkout: Checkout
    past: Past
    against: Against
    here: Here | None
    base: Base | None
    environments: tuple[str, ...]
    memo: Memo
    others: Callable[[str], Claims] | None = None
    """What other combs claim beside one; None where no policy asks."""


class Judged(NamedTuple):
    """What is known before any gate runs. `asked` are the subjects to prove, by name: the comb's, and those of arms."""

    comb: Comb
    diagnostics: tuple[Diagnostic, ...]
    changes: tuple[CombChanges, ...] = ()
    asked: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    """What comb.yaml asks to be proven, or asked before the change: `availability`, `replay`, `load`."""
    is_run_otherwise: bool = False
    """Whether operators have something else than before, or are called otherwise, which a load alone can prove."""


def judge(touched: Touched, sides: Sides) -> Judged:
    """All that costs no process: a comb with mistakes is not planned, and nothing is asked of it."""
    sources = load_sources(sides.checkout, touched.main, sides.memo)
    platform = sides.here.sources if sides.here is not None else None
    checked = check(sources, platform, sides.memo, sides.against.published(sources))
    bound = checked.comb.base.value if checked.comb is not None else None
    team = bound.metadata.team or "" if bound is not None else ""
    weaker = _refused_before(touched, sources, sides, checked.diagnostics)
    found = (*checked.diagnostics, *_beside(touched, checked, platform, sides), *weaker)
    comb = Comb(
        checked.name, team, touched.main, Verdict.REFUSED, (*touched.own, *touched.platform), True, (), (), (), ()
    )
    if weaker:
        said = "the platform and policies as they were refuse it: rules are changed first, and what they let pass after"
        comb = comb._replace(remarks=(said,))
    if has_errors(found) or bound is None:
        return Judged(comb._replace(findings=findings_of(found)), in_reading_order(found))
    before = _comb_before(touched.main, sides)
    asking = [bound.gates, *([before.gates] if before is not None else [])]
    gates = tuple(name for name in _GATES if any(getattr(one, name) is not None for one in asking))
    is_run_otherwise = before is not None and "load" in gates and resources_in(before) != resources_in(bound)
    return _planned(comb, touched, sides, found)._replace(gates=gates, is_run_otherwise=is_run_otherwise)


def _refused_before(
    touched: Touched, sources: SourceSet, sides: Sides, now: Sequence[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """The errors that a comb has by the rules as they were, where a change edits both: nobody sets his own exam."""
    if sides.here is None or not (touched.own and touched.platform):
        return ()
    then = past_platform(sides.past, sides.here)
    checked = check(sources, then, sides.memo)
    before = (*checked.diagnostics, *_beside(touched, checked, then, sides))
    known = {(one.code, one.message) for one in now}
    return tuple(one for one in before if one.severity is Severity.ERROR and (one.code, one.message) not in known)


def _beside(touched: Touched, checked: Checked, platform: SourceSet | None, sides: Sides) -> tuple[Diagnostic, ...]:
    """What is said of it beside the others of its team, where a policy asks."""
    if sides.others is None or platform is None:
        return ()
    from comb_compiler.compiler.policies import check_beside

    return check_beside(checked, check(platform, memo=sides.memo), sides.others(touched.main))


def _planned(comb: Comb, touched: Touched, sides: Sides, found: tuple[Diagnostic, ...]) -> Judged:
    changes: tuple[CombChanges, ...] = ()
    if sides.here is not None and sides.base is not None:
        work = Work(sides.here, sides.base)
        for environment in sides.environments:
            work.environment([touched.main], environment)
        done = work.done(found)
        found, changes = done.diagnostics, done.changes
    asked = _to_prove(touched, sides)
    whole = comb._replace(
        verdict=Verdict.REFUSED if has_errors(found) else Verdict.PASSED,
        findings=findings_of(found),
        places=tuple(_place(one) for one in changes if not one.is_empty),
        proven=not asked,
    )
    return Judged(whole, in_reading_order(found), changes, asked)


def _to_prove(touched: Touched, sides: Sides) -> tuple[str, ...]:
    """The subjects that are others than before, one name of each."""
    now = _subjects_at(sides.checkout, touched.main, sides.memo)
    before = subjects_before(touched.main, sides.checkout, sides.past, sides.memo)
    names: dict[str, str] = {}
    for name, digest in now.items():
        if before.get(name) != digest:
            names.setdefault(digest, name)
    return tuple(names.values())


def subjects_before(main: str, checkout: Checkout, past: Past, memo: Memo) -> dict[str, str]:
    """Those that the comb had: it may have moved."""
    return _subjects_at(past, _home_before(main, checkout, past), memo)


def _home_before(main: str, checkout: Checkout, past: Past) -> str:
    name, there = name_of(main, checkout.read(main)), past.read(main)
    if not isinstance(there, Unavailable) and name_of(main, there) == name:
        return main
    return next((path for path in past.named(COMB_FILE) if name_of(path, past.read(path)) == name), main)


def _comb_before(main: str, sides: Sides) -> CombFile | None:
    """The comb.yaml that there was: who takes all gates out is told by those that were there."""
    home = _home_before(main, sides.checkout, sides.past)
    content = sides.past.read(home)
    source = None if isinstance(content, Unavailable) else decode(home, content)[0]
    return bind_comb(read_once(source)).base.value if source is not None else None


def _subjects_at(checkout: Checkout, main: str, memo: Memo) -> dict[str, str]:
    """The digests of a comb and its arms, by what they are called; none where it is not there, or has mistakes."""
    sources = load_sources(checkout, main, memo)
    if isinstance(sources.files[main], Unavailable):
        return {}
    plan = compile_comb(sources, memo=memo).plan
    if plan is None:
        return {}
    whole, arms = subjects_of(plan, code_digest(checkout, main))
    return {plan.comb: whole, **{f"{plan.comb}/{arm}": digest for arm, digest in arms.items()}}


def findings_of(found: Iterable[Diagnostic]) -> tuple[Finding, ...]:
    """Findings as a report has them, the errors first."""
    ordered = sorted(in_reading_order(found), key=lambda one: one.severity is not Severity.ERROR)
    return tuple(_finding(one) for one in ordered)


def _finding(one: Diagnostic) -> Finding:
    span = one.primary.span if one.primary is not None else None
    place = ("", 0, 0) if span is None else (span.file, span.start.line, span.start.column)
    return Finding(one.severity.value, one.code.id, one.message, *place)


def _place(changes: CombChanges) -> Place:
    where = changes.where
    effects = tuple(Effect(*line) for line in effect_lines(changes))
    notes = tuple(Effect("note", note, False) for note in changes.notes)
    usage = tuple(Usage(one.resource, f"{one.least_before:f}", f"{one.least:f}") for one in changes.effects.usage)
    counts = f"{'new here: ' if changes.is_new else ''}{counts_text(changes)}"
    return Place(changes.environment, where.cluster, where.namespace, counts, (*effects, *notes), usage)
