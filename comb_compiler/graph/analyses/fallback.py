"""A fallback must be a message of the operator's type: Protobuf's JSON form, read as its own parser would.

Source: the Protobuf JSON mapping (protobuf.dev/programming-guides/json), read over plain types, so that every mistake
has its place; a test holds it to the library's parser.
"""

from collections.abc import Iterator

from comb_compiler.diagnostics import Applicability, Diagnostic, Edit, Fix, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.graph.view import View
from comb_compiler.protos.jsonform import Mistake, mistakes
from comb_compiler.spec.places import format_path
from comb_compiler.spec.suggest import closest

__all__ = ["check_fallbacks"]


def check_fallbacks(view: View) -> Iterator[Diagnostic]:
    """The fallback of every operator, field by field."""
    for name in view.touched_operators if view.schema is not None else ():
        assert view.schema is not None
        operator = view.comb.operators.get(name)
        if operator is None or operator.fallback is None or operator.out not in view.schema.messages:
            continue
        if view.bound.is_sound("operators", name, "fallback") and view.bound.is_sound("operators", name, "out"):
            for mistake in mistakes(view.schema, operator.out, operator.fallback.value):
                yield _finding(view, name, operator.out, mistake)


def _finding(view: View, name: str, out: str, mistake: Mistake) -> Diagnostic:
    place = view.bound.place("operators", name, "fallback", "value", *mistake.path)
    span = place.key_span if mistake.is_key else place.span
    type_place = view.bound.place("operators", name, "out")
    hints, fix = mistake.hints, None
    if mistake.is_key and mistake.known:
        match = closest(str(mistake.path[-1]), mistake.known)
        hints = (f"did you mean `{match}`?",) if match else hints
        if match and place.key is not None and place.key.plain:
            fix = Fix(f"write `{match}`", (Edit(span, match),), Applicability.UNSAFE)
    return diagnose(
        codes.BAD_FALLBACK,
        mistake.message,
        span,
        related=(*place.related, Label(type_place.span, f"`{name}` answers with `{out}`")),
        path=format_path(("operators", name, "fallback", "value", *mistake.path)),
        hints=hints,
        fix=fix,
    )
