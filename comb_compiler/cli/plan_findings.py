"""What is wrong with a change, as findings in the file that asks for it."""

from collections.abc import Iterator

from comb_compiler.changes import CombChanges
from comb_compiler.compiler.render import Rendered
from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.spec.places import format_path

__all__ = ["refused_changes", "unrendered_base"]


def refused_changes(changes: CombChanges) -> Iterator[Diagnostic]:
    """What Kubernetes will not do: nothing of the release comes to be in that cluster."""
    for one in changes.objects:
        for refused in one.forbidden:
            kind, _, name = one.identity
            yield diagnose(
                codes.FORBIDDEN_CHANGE,
                f"`{refused.path}` of the {kind} `{name}` in `{changes.where.cluster}` cannot change: {refused.why}",
                refused.origin or Span.whole_file("comb.yaml"),
                hints=(
                    "take the change back, or have the object made under another name",
                    f"it is documented at {refused.documented}",
                ),
            )


def unrendered_base(made: Rendered, problem: str) -> Diagnostic:
    """A comb whose earlier state is not known, so that nobody can say what changes."""
    assert made.comb is not None
    place = made.comb.place("metadata", "name")
    return diagnose(
        codes.UNKNOWN_EARLIER_STATE,
        f"nobody can say what changes: {problem}",
        place.key_span,
        path=format_path(place.path),
        hints=("compare with a revision that `comb check` has nothing to say about, or with what is published",),
    )
