"""What in a graph would fit a port."""

from comb_compiler.graph.model import REQUEST, Step
from comb_compiler.graph.view import View

__all__ = ["candidates"]


def candidates(view: View, step: Step, wanted: str) -> list[str]:
    """The sources that give just the message `wanted` and do not wait for the step: steps, then the request."""
    after = _after(view, step.name)
    found = [name for name, message in view.types.items() if message.name == wanted and name not in after]
    request = view.types.get(REQUEST)
    fields = request.fields if request is not None else ()
    return found + [f"{REQUEST}.{one.name}" for one in fields if one.type == wanted and not one.is_repeated]


def _after(view: View, name: str) -> set[str]:
    """`name` and everything that waits for it."""
    found = {name}
    for other in view.order:
        if not found.isdisjoint(view.graph.sources(other)):
            found.add(other)
    return found
