"""An editor with the YAML language server behind it, as far as tests need one."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from tests.schemas.language_server import LanguageServer, Message, Position, split_at_cursor

__all__ = ["MODELINE", "ROOT", "SETTINGS", "Editor", "Finding", "inserted"]

ROOT = Path(__file__).parents[2]
MODELINE = "# yaml-language-server: $schema={}"
SETTINGS = {
    "yaml": {
        "completion": True,
        "hover": True,
        "validate": True,
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
    }
}
"""Nothing is fetched: the schema is the file that the modeline names."""


class Finding(NamedTuple):
    """What the server says of a line, counted from 1."""

    line: int
    message: str


class Editor:
    """Files of the repository's root whose first line names their schema; lines are counted from the one below it."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._opened = 0

    def complete(self, marked: str, schema: str = "comb") -> dict[str, Message]:
        """What is offered at the cursor, by label."""
        text, cursor = split_at_cursor(marked)
        items = self._server.completions(self._open(text, schema), _below_modeline(cursor))
        return {item["label"]: item for item in items}

    def hover(self, marked: str, schema: str = "comb") -> str:
        """What is shown for the word at the cursor."""
        text, cursor = split_at_cursor(marked)
        return self._server.hover(self._open(text, schema), _below_modeline(cursor))

    def findings(self, text: str, schema: str = "comb", modeline: str = MODELINE) -> list[Finding]:
        """What the server says of a file, line by line."""
        found = self._server.findings(self._open(text, schema, modeline))
        return sorted(Finding(each["range"]["start"]["line"], each["message"]) for each in found)

    def _open(self, text: str, schema: str, modeline: str = MODELINE) -> str:
        self._opened += 1
        first = modeline.format(f"schemas/{schema}.v1.schema.json")
        return self._server.open(f"opened-{self._opened}.yaml", f"{first}\n{text}")


def _below_modeline(position: Position) -> Position:
    return position._replace(line=position.line + 1)


def inserted(item: Message, indent: str = "") -> str:
    """What choosing a completion writes, with every field left as it is offered."""
    text: Any = item["insertText"]
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", re.sub(r"\$\{\d+\|([^,|]*)[^}]*\}", r"\1", text))
    text = re.sub(r"(?<!\\)\$\{?\d+\}?", "", text).replace(r"\$", "$")
    return str(text).replace("\n", "\n" + indent)
