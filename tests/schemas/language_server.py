"""A small client of the Language Server Protocol: what an editor asks of a server, from Python, over stdio."""

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

__all__ = ["CURSOR", "LanguageServer", "Message", "Position", "split_at_cursor"]

CURSOR = "‸"
"""Stands in a text for the place of the cursor."""

Message = dict[str, Any]

_CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"documentationFormat": ["markdown"], "snippetSupport": True}},
        "hover": {"contentFormat": ["markdown"]},
    },
}


class Position(NamedTuple):
    """A place as the protocol counts: from 0, in UTF-16 code units (texts here hold nothing that takes two)."""

    line: int
    character: int


def split_at_cursor(marked: str) -> tuple[str, Position]:
    """The text without its one cursor, and where that stood."""
    before, cursor, after = marked.partition(CURSOR)
    assert cursor, "the text needs a cursor"
    assert CURSOR not in after, "the text has a second cursor"
    return before + after, Position(before.count("\n"), len(before) - before.rfind("\n") - 1)


class LanguageServer:
    """A running server. Files are opened with their text and need not exist; `settings` are given when it asks."""

    def __init__(
        self, command: Sequence[str], folder: Path, settings: Mapping[str, Any], *, seconds: float = 30
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._seconds = seconds
        self._count = 0
        self._answers: dict[int, Message] = {}
        self._findings: dict[str, list[Message]] = {}
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        folder = {"uri": self._folder.as_uri(), "name": self._folder.name}
        wanted = {"rootUri": folder["uri"], "workspaceFolders": [folder], "capabilities": _CAPABILITIES}
        self.request("initialize", {"processId": None, **wanted})
        self.notify("initialized", {})
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.request("shutdown", None)
            self.notify("exit", None)
        else:
            self._process.kill()
        self._process.wait(self._seconds)
        self._reader.join(self._seconds)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()

    def open(self, name: str, text: str) -> str:
        """Open a YAML file of the folder with `text`; gives its URI."""
        uri = (self._folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def close(self, uri: str) -> None:
        """Close a file, so that it may be opened with another text."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
        self.findings(uri)  # the server takes its findings back

    def findings(self, uri: str) -> list[Message]:
        """The diagnostics that the server sends for a file, once it has."""
        self._pump(lambda: uri in self._findings)
        return self._findings.pop(uri)

    def completions(self, uri: str, position: Position) -> list[Message]:
        """What is offered at a position."""
        answer = self.request("textDocument/completion", _at(uri, position))
        return list(answer["items"])

    def hover(self, uri: str, position: Position) -> str:
        """The Markdown that is shown at a position; empty where there is nothing to say."""
        answer = self.request("textDocument/hover", _at(uri, position))
        return str(answer["contents"]["value"]) if answer else ""

    def request(self, method: str, values: Any) -> Any:
        """Ask, and wait for the answer."""
        self._count += 1
        number = self._count
        self._send({"id": number, "method": method, "params": values})
        self._pump(lambda: number in self._answers)
        answer = self._answers.pop(number)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def notify(self, method: str, values: Any) -> None:
        """Tell, without an answer."""
        self._send({"method": method, "params": values})

    def _send(self, message: Message) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._process.stdin.flush()

    def _read(self) -> None:
        """Hand over every message until the server's output ends, then None."""
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.partition(b":")[2]) if header.startswith(b"Content-Length") else 0
            while header.strip():
                header = stream.readline()
                length = int(header.partition(b":")[2]) if header.startswith(b"Content-Length") else length
            self._inbox.put(json.loads(stream.read(length)))
        self._inbox.put(None)

    def _pump(self, done: Callable[[], bool]) -> None:
        while not done():
            message = self._inbox.get(timeout=self._seconds)
            assert message is not None, "the server ended"
            self._take(message)

    def _take(self, message: Message) -> None:
        method, values = message.get("method"), message.get("params", {})
        if method is None:
            self._answers[message["id"]] = message
        elif "id" in message:
            self._send({"id": message["id"], "result": self._asked(method, values)})
        elif method == "textDocument/publishDiagnostics":
            self._findings[values["uri"]] = values["diagnostics"]

    def _asked(self, method: str, values: Any) -> Any:
        """The answer to a request of the server: its settings; nothing for the others."""
        if method == "workspace/configuration":
            return [self._settings.get(item["section"], {}) for item in values["items"]]
        return None


def _at(uri: str, position: Position) -> Message:
    return {"textDocument": {"uri": uri}, "position": position._asdict()}
