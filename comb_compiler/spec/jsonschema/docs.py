"""What the source says of models and of the members of enumerations, for people who hover."""

import ast
import inspect
import re
import textwrap
from enum import Enum
from typing import Any

__all__ = ["add_description", "member_docs", "paragraph", "title"]


def paragraph(text: str | None) -> str:
    """A docstring as running text; a blank line still parts two paragraphs."""
    parts = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in parts)


def title(kind: type) -> str:
    """A class's name in words: `ModelVersion` is a Model Version."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__)


def add_description(schema: dict[str, Any], text: str, *, in_markdown: bool = False) -> None:
    """Describe `schema`; what holds `code`, also in Markdown, which editors prefer where they find it."""
    schema["description"] = text
    if "`" in text or in_markdown:
        schema["markdownDescription"] = text


def member_docs(kind: type[Enum]) -> list[str]:
    """The text that stands below each member of `kind` in its source, in the members' order.

    Such texts cost nothing at run time: Python drops them when it compiles the class. Raises LookupError for a member
    without one.
    """
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(statement, ast.Assign) and isinstance(following, ast.Expr):
            (target,) = statement.targets
            assert isinstance(target, ast.Name)
            assert isinstance(following.value, ast.Constant)
            found[target.id] = paragraph(str(following.value.value))
    missing = [name for name in kind.__members__ if name not in found]
    if missing:
        raise LookupError(f"{kind.__name__}: say below each member what it means; missing: {', '.join(missing)}")
    return [found[name] for name in kind.__members__]
