"""The expression that a text writes, within bounds that keep walks over it short."""

import re

from comb_compiler.cel.mistakes import BadSyntax, Mend, Mistake
from comb_compiler.cel.parser import parse
from comb_compiler.cel.tree import Expr, children

__all__ = ["MOST_CHARACTERS", "MOST_DEPTH", "read"]

MOST_CHARACTERS = 10_000
MOST_DEPTH = 100
"""Of the tree. What walks over it recurses, and so does the official checker."""

_TOO_MUCH = "compute it in an operator, and test its answer here"


def read(text: str) -> Expr | Mistake:
    """The expression, or what is wrong with how it is written. No text raises."""
    if len(text) > MOST_CHARACTERS:
        message = f"this condition has {len(text)} characters, and at most {MOST_CHARACTERS} are read"
        return Mistake(message, 0, len(text), _TOO_MUCH)
    try:
        root = parse(text)
    except BadSyntax as stop:
        return _template(text) or stop.mistake
    if _is_deep(root):
        return Mistake(f"this condition's tree is more than {MOST_DEPTH} deep", root.start, root.end, _TOO_MUCH)
    return root


_TEMPLATE = r"\$?\{\{([^{}]*)\}\}|\$\{([^{}]*)\}"


def _template(text: str) -> Mistake | None:
    """What is said of `{{request.flag}}`, as templates have it."""
    found = re.search(_TEMPLATE, text)
    if found is None:
        return None
    meant = (found[1] or found[2] or "").strip() or "request.field"
    message = f"nothing fills in `{found[0]}`: a condition names the request and steps by themselves"
    mend = Mend(f"write `{meant}`", *found.span(), meant)
    return Mistake(message, *found.span(), f"write `{meant}`", mend)


def _is_deep(root: Expr) -> bool:
    """Whether a node is deeper than any may be; found without recursion."""
    depth, level = 0, [root]
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = [child for expr in level for child in children(expr)]
    return depth > MOST_DEPTH
