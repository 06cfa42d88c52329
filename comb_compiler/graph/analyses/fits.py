"""What flows must be of a type that the reader can read."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.candidates import candidates
from comb_compiler.graph.model import Edge, Source, Step
from comb_compiler.graph.view import View
from comb_compiler.protos.fitting import Misfit, misfits
from comb_compiler.spec.checks.names import part_of
from comb_compiler.spec.places import format_path
from comb_compiler.spec.wording import listed

__all__ = ["check_answer", "check_fits"]

_MOST_REASONS = 5
_MOST_CANDIDATES = 4


def check_fits(view: View) -> Iterator[Diagnostic]:
    """The message that each port is given."""
    schema = view.schema
    for step in view.touched_steps if schema is not None else ():
        operator = view.operator(step)
        for edge in step.inputs if operator is not None else ():
            assert operator is not None
            assert schema is not None
            port, given = operator.inputs.get(edge.port), view.type_of(edge.source)
            wanted = schema.messages.get(port.type) if port is not None else None
            if port is None or given is None or wanted is None or wanted.is_map_entry or _in_cycle(view, step, edge):
                continue
            reasons = misfits(schema, given.name, port.type)
            if reasons:
                yield _mismatch(view, step, edge, given.name, port.type, reasons)


def _in_cycle(view: View, step: Step, edge: Edge) -> bool:
    """Whether an edge is one that a cycle is made of, which is said already."""
    source = edge.source.step
    return step.name not in view.position and source in view.graph.steps and source not in view.position


def check_answer(view: View) -> Iterator[Diagnostic]:
    """What the graph answers must be what the method answers."""
    step = view.graph.steps.get(view.graph.answer or "")
    given = view.types.get(step.name) if step is not None else None
    if step is None or view.schema is None or view.method is None or given is None:
        return
    method = view.method
    reasons = misfits(view.schema, given.name, method.output)
    if reasons:
        place = view.bound.place("graph", "return", "call")
        answers = Label(view.bound.place("operators", step.operator, "out").span, f"`{step.name}` gives `{given.name}`")
        yield diagnose(
            codes.TYPE_MISMATCH,
            f"the method `{method.name}` answers `{method.output}`, and `{step.name}` gives `{given.name}`",
            place.span,
            related=(answers,),
            path=format_path(place.path),
            hints=(
                *_why(reasons, given.name, method.output),
                f"return a step whose operator has `out: {method.output}`",
            ),
        )


def _mismatch(view: View, step: Step, edge: Edge, given: str, wanted: str, reasons: tuple[Misfit, ...]) -> Diagnostic:
    declared = view.bound.place("operators", step.operator, "in", edge.port)
    related = [Label(declared.span, f"the port takes `{wanted}`")]
    source = view.graph.steps.get(edge.source.step)
    if source is not None and not edge.source.fields:
        out = view.bound.place("operators", source.operator, "out")
        related.append(Label(out.span, f"`{source.name}` gives `{given}`"))
    place = view.text_of(step, edge)
    meant = _meant(view, step, edge.source, wanted)
    fix = None
    if len(meant) == 1 and part_of(place, 0, 0) != place.span:
        fix = Fix(f"write `{meant[0]}`", (Edit(edge.source.whole_span, meant[0]),), Applicability.UNSAFE)
    return diagnose(
        codes.TYPE_MISMATCH,
        f"`{edge.source}` gives `{given}`, and the port `{edge.port}` of `{step.operator}` takes `{wanted}`",
        edge.source.whole_span,
        related=tuple(related),
        path=format_path(place.path),
        hints=(*_why(reasons, given, wanted), *_told(meant, wanted)),
        fix=fix,
    )


def _meant(view: View, step: Step, source: Source, wanted: str) -> list[str]:
    """What gives exactly the wanted message: a field of what is given, if there is one, else anything in the graph."""
    inner = _field_that_fits(view, source, wanted)
    return [f"{source}.{inner}"] if inner is not None else candidates(view, step, wanted)


def _told(meant: list[str], wanted: str) -> tuple[str, ...]:
    if len(meant) <= 1:
        return tuple(f"did you mean `{one}`?" for one in meant)
    more = f", and {len(meant) - _MOST_CANDIDATES} more" if len(meant) > _MOST_CANDIDATES else ""
    return (f"`{wanted}` is given by {listed(meant[:_MOST_CANDIDATES])}{more}",)


def _field_that_fits(view: View, source: Source, wanted: str) -> str | None:
    """The one field of the source's message that is of the wanted type."""
    message = view.type_of(source)
    fields = message.fields if message else ()
    found = [field.name for field in fields if field.type == wanted and not field.is_repeated]
    return found[0] if len(found) == 1 else None


def _why(reasons: tuple[Misfit, ...], given: str, wanted: str) -> tuple[str, ...]:
    """The reasons, field by field."""
    shown = [f"`{one.path}`: {one.reason}" for one in reasons[:_MOST_REASONS]]
    more = [f"and {len(reasons) - len(shown)} more"] if len(reasons) > len(shown) else []
    return (f"what does not fit, `{wanted}` here and `{given}` there:", *shown, *more)
