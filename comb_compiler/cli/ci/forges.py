"""Comments on a pull request of GitHub (and of Gitea and Forgejo, which speak the same) or a merge request of GitLab.

Five requests of either's REST API are all that is needed, so that no client of theirs is:
https://docs.github.com/en/rest/issues/comments and https://docs.gitlab.com/api/notes.
"""

import json
from collections.abc import Iterator, Sequence
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["GITHUB", "GITLAB", "Forge", "Form", "Thread", "address_of"]

_SECONDS = 30
_MOST_BYTES = 32 << 20
_PAGE = 100
_MOST_PAGES = 50
_GITEA = "/api/v1"
"""How the address of Gitea's API ends, and of Forgejo's, and GitHub's does not."""
_HERE = ("127.0.0.1", "::1", "localhost")


class Form(NamedTuple):
    """How a forge's API is spoken: the path of a thread's comments and of one of them, and the words of its answers.

    `bot` is who writes with a token that may not ask whose it is.
    """

    comments: str
    comment: str
    update: str
    author: tuple[str, str]
    header: tuple[str, str]
    bot: str


GITHUB = Form(
    "/repos/{name}/issues/{number}/comments",
    "/repos/{name}/issues/comments/{id}",
    "PATCH",
    ("user", "login"),
    ("authorization", "Bearer {token}"),
    "github-actions[bot]",
)
GITLAB = Form(
    "/projects/{name}/merge_requests/{number}/notes",
    "/projects/{name}/merge_requests/{number}/notes/{id}",
    "PUT",
    ("author", "username"),
    ("private-token", "{token}"),
    "",
)


class Thread(NamedTuple):
    """A pull request or a merge request: its number in a repository, as `owner/name`."""

    name: str
    number: int


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would take the token to another host."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def address_of(url: str) -> str:
    """An API's address. Raises ValueError for what would give the token away, or is none."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it is no address of an API")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise ValueError("a token is sent over https alone")
    return url.rstrip("/")


class Forge:
    """One forge at `url`, with a token. Everything raises OutsideFailure, which never holds the token."""

    def __init__(self, form: Form, url: str, token: str) -> None:
        self._form = form
        self._url = url
        name, value = form.header
        self._headers = {"accept": "application/json", "user-agent": "comb", name: value.format(token=token)}
        self._opener = build_opener(_NoRedirects)

    def say(self, thread: Thread, texts: Sequence[str], marker: str) -> tuple[int, int, int]:
        """Have `texts` there in comments of our own, and no others that begin with `marker`.

        How many were written anew, changed and deleted. Comments of others are left alone, whatever they begin with:
        whoever wrote one could change it again.
        """
        own = self._author()
        there = sorted((one for one in self._comments(thread) if _is_ours(one, own, marker, self._form)), key=_id)
        new = changed = 0
        for number, text in enumerate(texts):
            if number >= len(there):
                self._asked("POST", self._path(self._form.comments, thread), {"body": text})
                new += 1
            elif str(there[number]["body"]).replace("\r\n", "\n").strip() != text.strip():
                self._asked(
                    self._form.update, self._path(self._form.comment, thread, _id(there[number])), {"body": text}
                )
                changed += 1
        surplus = there[len(texts) :]
        for one in surplus:
            self._asked("DELETE", self._path(self._form.comment, thread, _id(one)))
        return new, changed, len(surplus)

    def _author(self) -> str:
        """Whose the token is. One of a workflow of GitHub's may not ask; one of Gitea's may, if it is made so."""
        try:
            return str(self._asked("GET", "/user")[self._form.author[1]])
        except _Refused as refused:
            if refused.status == 403 and self._url.endswith(_GITEA):
                hint = "give it the scope `read:user` as well: of comments its owner's alone are replaced"
                raise OutsideFailure("the token may not ask whose it is", hint) from refused
            if refused.status in (401, 403) and self._form.bot:
                return self._form.bot
            raise
        except (KeyError, TypeError) as problem:
            raise OutsideFailure("the forge does not say whose the token is") from problem

    def _comments(self, thread: Thread) -> Iterator[dict[str, Any]]:
        seen: set[int] = set()
        for page in range(1, _MOST_PAGES + 1):
            path = f"{self._path(self._form.comments, thread)}?per_page={_PAGE}&limit={_PAGE}&page={page}"
            found = self._asked("GET", path)
            if not isinstance(found, list) or not all(isinstance(one, dict) and "body" in one for one in found):
                raise OutsideFailure("the forge's list of comments is damaged")
            new = [one for one in found if _id(one) not in seen]
            seen |= {_id(one) for one in new}
            yield from new
            if len(found) < _PAGE or not new:
                return

    def _path(self, form: str, thread: Thread, comment: int = 0) -> str:
        name = quote(thread.name, safe="" if self._form is GITLAB else "/")
        return form.format(name=name, number=thread.number, id=comment)

    def _asked(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode("ascii")
        headers = {**self._headers, **({"content-type": "application/json"} if content else {})}
        request = Request(f"{self._url}{path}", content, headers, method=method)  # noqa: S310  see address_of
        where = urlsplit(self._url).hostname
        try:
            with self._opener.open(request, timeout=_SECONDS) as response:
                answer = response.read(_MOST_BYTES)
        except HTTPError as refused:
            refused.close()
            raise _Refused(refused.code, f"{where} refuses to {method} {path.partition('?')[0]}") from refused
        except (URLError, HTTPException, OSError) as problem:
            reason = getattr(problem, "reason", None) or problem
            said = getattr(reason, "strerror", None) or type(reason).__name__
            raise OutsideFailure(f"{where} does not answer: {said}") from problem
        try:
            return json.loads(answer) if answer else None
        except (ValueError, RecursionError) as problem:
            raise OutsideFailure(f"{where} answers with something else than JSON") from problem


class _Refused(OutsideFailure):
    """The forge says no."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{said}: status {status}", _HINTS.get(status, ""))
        self.status = status


_HINTS = {
    401: "the token is not known there, or has expired",
    403: "the token may not write comments there (GitHub: `pull-requests: write`; GitLab: scope `api`)",
    404: "there is no such pull request, or the token may not see it",
}


def _is_ours(comment: dict[str, Any], author: str, marker: str, form: Form) -> bool:
    who = comment.get(form.author[0])
    name = who.get(form.author[1]) if isinstance(who, dict) else None
    return name == author and str(comment["body"]).startswith(marker)


def _id(comment: dict[str, Any]) -> int:
    found = comment.get("id")
    if not isinstance(found, int):
        raise OutsideFailure("the forge's list of comments is damaged")
    return found
