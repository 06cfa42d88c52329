"""git's own HTTP server on 127.0.0.1, for as long as a block of code: fetches and pushes what is in a directory."""

import gzip
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["ALONE", "git_server"]

ALONE: Mapping[str, str] = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
"""The environment of a git that nothing on the machine configures."""

_SECONDS = 60


@contextmanager
def git_server(directory: Path, files: Path | None = None) -> Iterator[str]:
    """Its URL: `URL/git/NAME` is the bare repository `directory/NAME`, and `URL/files/PATH` a file below `files`.

    Whoever may reach it may push; a repository must allow that (`http.receivepack`), as for any git server.
    """

    class Handler(_Handler):
        repositories = directory
        kept = files

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Gives requests to `git http-backend`, which is a CGI program."""

    repositories: Path
    kept: Path | None

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        top, _, rest = path.removeprefix("/").partition("/")
        if ".." in path.split("/") or top not in ("git", "files"):
            self.send_error(404)
        elif top == "git":
            self._ask_git(f"/{rest}")
        else:
            self._send_file(rest)

    do_POST = do_GET  # noqa: N815

    def _send_file(self, name: str) -> None:
        file = self.kept / name if self.kept else None
        if file is None or not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _ask_git(self, path: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        environment = {
            **ALONE,
            "GIT_PROJECT_ROOT": str(self.repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": urlsplit(self.path).query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, timeout=_SECONDS
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").splitlines() if ": " in line)
        self.send_response(int(headers.pop("Status", "200" if headers else "500").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
