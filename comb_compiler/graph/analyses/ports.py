"""Every port gets one message."""

from collections import Counter
from collections.abc import Iterator

from comb_compiler.cel import Mend
from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.analyses.candidates import candidates
from comb_compiler.graph.findings import appended, repaired
from comb_compiler.graph.model import Edge, Step
from comb_compiler.graph.view import View
from comb_compiler.source import Mapping
from comb_compiler.spec.checks.names import unknown_name
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.places import format_path
from comb_compiler.spec.suggest import closest, did_you_mean
from comb_compiler.spec.wording import listed

__all__ = ["check_ports"]


def check_ports(view: View) -> Iterator[Diagnostic]:
    """The ports of every step: known, given once, and none left out."""
    for step in view.touched_steps:
        operator = view.operator(step)
        if operator is not None and view.bound.is_readable("operators", step.operator, "in"):
            yield from _names(view, step, operator)


def _names(view: View, step: Step, operator: Operator) -> Iterator[Diagnostic]:
    given = Counter(edge.port for edge in step.inputs)
    seen: dict[str, Edge] = {}
    declared = view.bound.declared("operators", step.operator, "in")  # a port of a wrong type is a port
    for edge in step.inputs:
        if edge.port not in operator.inputs and edge.port not in declared:
            yield _unknown(view, step, edge, [port for port in operator.inputs if port not in given])
        elif edge.port in seen:
            yield _repeated(view, step, edge, seen[edge.port])
        seen.setdefault(edge.port, edge)
    written = {*given, *view.comb.graph[step.name].inputs}
    missing = [name for name, port in operator.inputs.items() if not port.optional and name not in written]
    unknown = [port for port in given if port not in operator.inputs]  # each may be a missing one under a wrong name
    if len(missing) > len(unknown) and view.bound.is_sound("graph", step.name):
        yield _missing(view, step, missing)


def _unknown(view: View, step: Step, edge: Edge, free: list[str]) -> Diagnostic:
    place = view.text_of(step, edge)
    operator = view.bound.place("operators", step.operator)
    related = (Label(operator.key_span, f"`{step.operator}` is declared here"),)
    message = f"the operator `{step.operator}` has no port `{edge.port}`"
    match, at = closest(edge.port, free), edge.port_span
    hints = did_you_mean(edge.port, free, "port") if match else _ports_of(view, step.operator)
    finding = unknown_name(
        place, codes.UNKNOWN_PORT, edge.port, free, "port", message=message, related=related, hints=hints, at=at
    )
    if match is None or edge.port_span in (place.span, edge.source.span):
        return finding._replace(fix=None)
    return finding._replace(fix=Fix(f"write `{match}`", (Edit(edge.port_span, match),), Applicability.UNSAFE))


def _ports_of(view: View, name: str) -> tuple[str, ...]:
    ports = view.bound.declared("operators", name, "in")
    if not ports:
        return ("it has no ports: write `()`",)
    return (f"its {'ports are' if len(ports) > 1 else 'only port is'} {listed(ports)}",)


def _repeated(view: View, step: Step, edge: Edge, first: Edge) -> Diagnostic:
    return diagnose(
        codes.REPEATED_PORT,
        f"the port `{edge.port}` is given twice",
        edge.port_span,
        label="given again here",
        related=(Label(first.port_span, "first given here"),),
        path=format_path(view.text_of(step, edge).path),
        hints=("a port takes one message: keep one of the two, or let an operator merge them",),
    )


def _missing(view: View, step: Step, missing: list[str]) -> Diagnostic:
    ports = "port" if len(missing) == 1 else "ports"
    declared = tuple(
        Label(view.bound.place("operators", step.operator, "in", name).key_span, "declared here") for name in missing
    )
    operator = view.operator(step)
    fitting = candidates(view, step, operator.inputs[missing[0]].type) if operator and len(missing) == 1 else []
    given = f"{missing[0]}={fitting[0] if len(fitting) == 1 else '…'}"
    return diagnose(
        codes.MISSING_PORT,
        f"the step `{step.name}` gives nothing to the {ports} {listed(missing)} of `{step.operator}`",
        step.operator_span,
        related=declared,
        path=f"graph.{step.name}",
        hints=(f"write `{given}`, or let the operator declare the port as `optional: true`",),
        fix=_giving(view, step, missing[0], fitting[0]) if len(fitting) == 1 else None,
    )


def _giving(view: View, step: Step, port: str, source: str) -> Fix | None:
    """One more input, behind those that are there."""
    inputs = view.bound.place("graph", step.name, "in")
    if inputs.path[-1] == "in":
        return appended(inputs.value, port, source) if isinstance(inputs.value, Mapping) else None
    place = view.bound.place("graph", step.name, "call")
    text = place.value.data
    if not isinstance(text, str) or not text.rstrip().endswith(")"):
        return None
    end = len(text[: text.rindex(")")].rstrip())
    separator = "" if text[:end].endswith("(") else " " if text[:end].endswith(",") else ", "
    return repaired(place, Mend(f"write `{port}={source}`", end, end, f"{separator}{port}={source}"))
