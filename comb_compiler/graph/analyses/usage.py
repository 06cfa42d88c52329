"""What is declared and of no use: to no variant of the comb."""

from collections.abc import Iterator, Sequence

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.view import View
from comb_compiler.spec.wording import listed

__all__ = ["check_reach", "check_usage", "unreached_steps"]


def unreached_steps(views: Sequence[View]) -> Iterator[tuple[View, list[str]]]:
    """Steps that the answer of none of the views rests on, each with the first view that has it."""
    if any(view.graph.answer not in view.graph.steps or not view.bound.is_sound("graph") for view in views):
        return
    known = {name for view in views for name in view.needed}
    for view in views:
        unreached = [name for name in view.graph.steps if name not in known]
        known.update(unreached)
        if unreached:
            yield view, unreached


def check_reach(view: View, lost: Sequence[str]) -> Iterator[Diagnostic]:
    """The steps `lost`, whose answer nothing rests on; of a chain of them the last is named, with those before it."""
    used = {source for name in lost for source in view.graph.sources(name)}
    for name in lost:
        if name in used:
            continue
        step = view.graph.steps[name]
        with_it = _only_for(view, name, lost)
        hints = [f"use `{name}` in a step that leads to `{view.graph.answer}`, or take it away"]
        answer = view.bound.place("graph", "return")
        if with_it:
            hints.append(f"without it {listed(with_it)} {'is' if len(with_it) == 1 else 'are'} of no use either")
        yield diagnose(
            codes.UNREACHABLE_STEP,
            f"the step `{name}` is never run: the answer `{view.graph.answer}` does not rest on it",
            step.name_span,
            related=(Label(answer.span, "this is the answer"),),
            path=f"graph.{name}",
            hints=tuple(hints),
        )


def _only_for(view: View, name: str, lost: Sequence[str]) -> list[str]:
    """The steps that `name` rests on and the answer does not."""
    among, found, pending = set(lost), set(), [name]
    while pending:
        for source in view.graph.sources(pending.pop()):
            if source in among and source not in found and source != name:
                found.add(source)
                pending.append(source)
    return [one for one in lost if one in found]


def check_usage(views: Sequence[View]) -> Iterator[Diagnostic]:
    """Operators, models and versions of the comb as written (the first view) that none of the views uses.

    Only where nothing is wrong: what is used in a place that is wrong would be said to be unused.
    """
    base = views[0]
    sound = all(view.bound.is_sound("graph") and view.bound.is_sound("operators") for view in views)
    if not sound or not base.bound.is_sound("experiment"):
        return
    graphs = {id(view.graph): view.graph for view in views}
    called = {step.operator for graph in graphs.values() for step in graph.steps.values()}
    used = {reference for view in views for reference in _references(view)}
    models = {model for model, _ in used}
    for name in base.comb.operators:
        if name not in called:
            message = f"the operator `{name}` is called by no step"
            yield _unused(base, codes.UNUSED_OPERATOR, ("operators", name), message, "call it in `graph`")
    if any(not _is_declared(view, reference) for view in views for reference in _references(view)):
        return
    for name, model in base.comb.models.items():
        if name not in models:
            message = f"the model `{name}` is given to no operator"
            yield _unused(
                base, codes.UNUSED_MODEL, ("models", name), message, f"write `model: {name}@…` in an operator"
            )
            continue
        for version in model.versions:
            if (name, version) not in used:
                message = f"the version `{version}` of `{name}` is given to no operator"
                path = ("models", name, "versions", version)
                yield _unused(base, codes.UNUSED_MODEL, path, message, "let an operator or an arm use it")


def _references(view: View) -> Iterator[tuple[str, str]]:
    """The models that a variant is given; of one that is known by its changes, in those alone."""
    return (operator.model for operator in (view.bound.to_check or view.comb).operators.values() if operator.model)


def _is_declared(view: View, reference: tuple[str, str]) -> bool:
    """Whether a model and its version are there; if not, that is said, and the ones that are unused may be meant."""
    model = view.comb.models.get(reference[0])
    return model is not None and reference[1] in model.versions


def _unused(view: View, code: codes.Code, path: tuple[str, ...], message: str, advice: str) -> Diagnostic:
    place = view.bound.place(*path)
    return diagnose(code, message, place.key_span, path=".".join(path[:2]), hints=(f"{advice}, or take it away",))
