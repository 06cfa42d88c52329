"""Gitea on 127.0.0.1: a real forge with people, tokens, forks, pull requests and Actions, asked as clients do."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, Request, build_opener

from tests.servers.git_over_http import ALONE
from tests.servers.processes import Server, free_ports, running

__all__ = ["Answer", "Gitea", "gitea"]

_SECONDS = 600.0
"""Patience for a start, and for an answer: a second when the machine is quiet."""
_PASSWORD = "correct-horse-7"
_SETTINGS = """\
RUN_MODE = prod
WORK_PATH = {home}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {files}
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
SQLITE_JOURNAL_MODE = WAL
SQLITE_TIMEOUT = 60000

[security]
INSTALL_LOCK = true
PASSWORD_HASH_ALGO = pbkdf2$1000$50
MIN_PASSWORD_LENGTH = 8

[service]
DISABLE_REGISTRATION = true

[log]
LEVEL = Warn

[indexer]
ISSUE_INDEXER_TYPE = db

[session]
PROVIDER = memory

[repository.signing]
SIGNING_KEY = none

[actions]
ENABLED = true
"""


class Answer(NamedTuple):
    """What was answered: a status, and JSON where there is any."""

    status: int
    body: Any


class Gitea:
    """A forge that runs: `url` is where, and `admin` may do everything."""

    admin = "root-of-the-forge"

    def __init__(self, url: str, server: Server) -> None:
        self.url = url
        self._server = server
        self._direct = build_opener(ProxyHandler({}))

    @property
    def api(self) -> str:
        """Where its API is."""
        return f"{self.url}/api/v1"

    def ask(self, method: str, path: str, body: object = None, *, who: str = admin, token: str = "") -> Answer:
        """Ask the API as a person, by password, or with a token."""
        basic = base64.b64encode(f"{who}:{_PASSWORD}".encode()).decode()
        return self.sent(
            Request(
                f"{self.api}{path}",
                None if body is None else json.dumps(body).encode(),
                {
                    "content-type": "application/json",
                    "authorization": f"token {token}" if token else f"Basic {basic}",
                },
                method=method,
            )
        )

    def done(self, method: str, path: str, body: object = None, *, who: str = admin, token: str = "") -> Any:
        """The same of what has to work."""
        answer = self.ask(method, path, body, who=who, token=token)
        assert answer.status < 300, (method, path, answer, self._server.last_words())
        return answer.body

    def sent(self, request: Request, opener: OpenerDirector | None = None) -> Answer:
        """What is answered, whatever its status is."""
        try:
            with (opener or self._direct).open(request, timeout=_SECONDS) as response:
                status, content = response.status, response.read()
        except HTTPError as refused:
            status, content = refused.code, refused.read()
        with suppress(ValueError):
            return Answer(status, json.loads(content) if content else None)
        return Answer(status, content.decode("utf-8", "replace"))

    def person(self, name: str) -> None:
        """Somebody who may sign in and has no rights."""
        asked = {"username": name, "email": f"{name}@example.com", "password": _PASSWORD, "must_change_password": False}
        self.done("POST", "/admin/users", asked)

    def token(self, name: str, *scopes: str) -> str:
        """A token of somebody's that may do what `scopes` say."""
        asked = {"name": "-".join(scopes).replace(":", "-"), "scopes": scopes}
        return str(self.done("POST", f"/users/{name}/tokens", asked, who=name)["sha1"])

    def address(self, repository: str, who: str = "") -> str:
        """Where git finds a repository, for somebody or for anybody."""
        return f"{self.url.replace('://', f'://{who}:{_PASSWORD}@') if who else self.url}/{repository}.git"

    def pressed(self, path: str, who: str) -> Answer:
        """Press a button of a page, which no request of the API is for: signed in as somebody, as a browser would."""
        opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
        form = urlencode({"user_name": who, "password": _PASSWORD}).encode()
        assert self.sent(Request(f"{self.url}/user/login", form), opener).status < 400
        return self.sent(Request(f"{self.url}{path}", b"", method="POST"), opener)


@contextmanager
def gitea(directory: Path, program: Path, files: Path) -> Iterator[Gitea]:
    """Start it with nothing in it but an administrator; `files` are what its module carries. Raises `Failed`."""
    (port,) = free_ports(1)
    settings = directory / "app.ini"
    settings.write_text(_SETTINGS.format(home=directory, port=port, files=files), "utf-8")
    environment = {"PATH": ALONE["PATH"], "HOME": str(directory)}  # its git is configured in a home of its own
    command = [str(program), "--config", str(settings)]
    with running("gitea", [*command, "web"], directory, environment) as server:
        forge = Gitea(f"http://127.0.0.1:{port}", server)
        server.wait(lambda: _answers(forge), _SECONDS)
        made = ("admin", "user", "create", "--admin", "--username", Gitea.admin, "--password", _PASSWORD)
        more = ("--email", "root@example.com", "--must-change-password=false")
        done = subprocess.run(
            [*command, *made, *more], cwd=directory, env=environment, capture_output=True, text=True, timeout=_SECONDS
        )
        assert done.returncode == 0, done.stdout + done.stderr
        yield forge


def _answers(forge: Gitea) -> bool:
    with suppress(OSError):
        return forge.ask("GET", "/version").status in (200, 401)
    return False
