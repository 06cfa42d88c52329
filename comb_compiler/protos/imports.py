"""The import statements of a .proto file, read before protoc sees it: which other files does it need?"""

import re
from typing import NamedTuple

__all__ = ["Import", "find_imports"]

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?P<word>[A-Za-z_]\w*)|(?P<sign>[{};])""",
    re.DOTALL,
)


class Import(NamedTuple):
    """The name of an imported file, and the half-open range of its quoted text."""

    name: str
    start: int
    end: int


def find_imports(text: str) -> tuple[Import, ...]:
    """The imports of a file, in its order; what stands in comments, in strings and between braces is none.

    The file may be wrong in any way: protoc says so. `import` begins a statement, then perhaps comes a word (`public`,
    `weak`, `option`), then the name.
    """
    found: list[Import] = []
    depth = 0
    statement: list[str] = []
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "sign":
            depth = max(depth + {"{": 1, "}": -1}.get(token[0], 0), 0)
            statement = []
        elif kind == "word":
            statement.append(token[0])
        elif kind == "text" and depth == 0:
            if statement[:1] == ["import"] and len(statement) <= 2:
                found.append(Import(token[0][1:-1], token.start(), token.end()))
            statement.append(token[0])
    return tuple(found)
