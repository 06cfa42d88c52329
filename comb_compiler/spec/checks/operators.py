"""What must hold within one operator, and within one step of the graph."""

from collections.abc import Iterator, Sequence

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Mapping, Path
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.calls_overlaid import text_overlaid
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.comb.operators import Requirement
from comb_compiler.spec.places import format_path
from comb_compiler.spec.wording import listed

__all__ = ["check_operators"]


def check_operators(bound: Bound[Comb], comb: Comb) -> Iterator[Diagnostic]:
    """Exactly one way to run, exactly one form of a call, bounds in order, nothing listed twice."""
    for name, operator in comb.operators.items():
        at: Path = ("operators", name)
        yield from _exactly_one(bound, at, ("run", "image", "oip"), f"the operator `{name}`")
        yield from _workers_elsewhere(bound, at)
        if operator.scale.max is not None and operator.scale.max < operator.scale.min:
            yield _min_above_max(bound, (*at, "scale"), operator.scale.min, operator.scale.max)
        yield from _repeated(bound, (*at, "devices"), operator.devices)
        yield from _repeated(bound, (*at, "affinity", "with"), operator.affinity.beside)
        yield from _repeated(bound, (*at, "affinity", "apart"), operator.affinity.apart)
        yield from _nowhere_in_particular(bound, (*at, "affinity", "require"), operator.affinity.require)
        yield from _nowhere_in_particular(bound, (*at, "affinity", "prefer"), operator.affinity.prefer)
    for name in comb.graph:
        if name != "return":
            overlaid = text_overlaid(bound, name)
            if overlaid is not None:
                yield overlaid
                continue
            yield from _exactly_one(bound, ("graph", name), ("call", "operator"), f"the step `{name}`")
            yield from _call_with_inputs(bound, name)
    yield from _repeated(bound, ("recording", "always"), comb.recording.always)
    for field in ("redact", "patterns", "files"):
        yield from _repeated(bound, ("recording", field), getattr(comb.recording, field))


def _exactly_one(bound: Bound[Comb], path: Path, fields: tuple[str, ...], owner: str) -> Iterator[Diagnostic]:
    given = [field for field in bound.declared(*path) if field in fields]
    if len(given) == 1:
        return
    place = bound.place(*path)
    if place.path != path or not isinstance(place.value, Mapping):
        return  # the short form, or a stand-in
    words = listed(fields)
    if not given:
        message = f"{owner} needs one of {words}"
        path_text = format_path(place.path)
        label, hints = "one of them is missing here", (_WHAT[fields[0]],)
        yield diagnose(codes.MISSING_KEY, message, place.key_span, label=label, path=path_text, hints=hints)
    elif len(given) > 1:
        first, second = (bound.place(*path, field) for field in given[:2])
        yield diagnose(
            codes.CONFLICTING_KEYS,
            f"{owner} has both `{given[0]}` and `{given[1]}`, of which only one can hold",
            second.key_span,
            related=(Label(first.key_span, f"`{given[0]}` is given here"),),
            path=format_path(second.path),
            hints=(f"keep exactly one of {words}",),
        )


def _workers_elsewhere(bound: Bound[Comb], path: Path) -> Iterator[Diagnostic]:
    """Workers are threads or processes of ours: what an image or a model server does with its calls is its own."""
    written = bound.declared(*path)
    other = next((one for one in ("image", "oip") if one in written), None)
    if "workers" not in written or other is None or "run" in written:
        return
    workers, what = bound.place(*path, "workers"), bound.place(*path, other)
    yield diagnose(
        codes.CONFLICTING_KEYS,
        f"the operator `{path[-1]}` has `workers`, and what its `{other}` does at once is not Comb's to say",
        workers.key_span,
        related=(Label(what.key_span, f"`{other}` is given here"),),
        path=format_path(workers.path),
        hints=("take `workers` away; more instances are `scale: {min: 2}`",),
    )


def _call_with_inputs(bound: Bound[Comb], name: str) -> Iterator[Diagnostic]:
    """`in` belongs to the long form: beside a call that says what ports are given nobody would read it."""
    written = bound.declared("graph", name)
    if "call" not in written or "in" not in written or "operator" in written:
        return
    call, inputs = (bound.place("graph", name, field) for field in ("call", "in"))
    yield diagnose(
        codes.CONFLICTING_KEYS,
        f"the step `{name}` has both `call` and `in`, and the call says what its ports are given",
        inputs.key_span,
        related=(Label(call.key_span, "the call is given here"),),
        path=format_path(inputs.path),
        hints=("write all inputs into the call, or `operator` instead of `call`",),
    )


_WHAT = {
    "run": "write `run: package.module:Name` for Python code, `image: …` for a container, `oip: …` for a model server",
    "call": 'write `call: "operator(port=source)"`, or `operator: name` with `in: {port: source}`',
}


def _min_above_max(bound: Bound[Comb], path: Path, least: int, most: int) -> Diagnostic:
    smaller, larger = bound.place(*path, "max"), bound.place(*path, "min")
    return diagnose(
        codes.MIN_ABOVE_MAX,
        f"at least {least} instances are wanted, and at most {most}",
        smaller.span,
        label=f"the most is {most}",
        related=(Label(larger.span, f"the least is {least}"),),
        path=format_path(smaller.path),
        hints=("raise `max` or lower `min`",),
    )


def _nowhere_in_particular(bound: Bound[Comb], path: Path, places: Sequence[Requirement]) -> Iterator[Diagnostic]:
    """Places that say neither a zone nor labels: every node is one."""
    for index, one in enumerate(places):
        if one.zone is None and not one.labels and bound.is_sound(*path, index):
            place = bound.place(*path, index)
            message = "a place needs a zone or labels: without, every node is one"
            hints = ("write `zone: …` or `labels: {…: …}`, or leave the place out",)
            yield diagnose(codes.EMPTY_VALUE, message, place.span, path=format_path(place.path), hints=hints)


def _repeated(bound: Bound[Comb], path: Path, items: Sequence[str]) -> Iterator[Diagnostic]:
    if len(set(items)) == len(items):
        return
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        if first.setdefault(item, index) != index:
            place = bound.place(*path, index)
            earlier = bound.place(*path, first[item])
            yield diagnose(
                codes.REPEATED_ITEM,
                f"`{item}` is listed twice",
                place.span,
                label="listed again here",
                related=(Label(earlier.span, "first listed here"),),
                path=format_path(place.path),
                hints=("keep one of the two",),
            )
