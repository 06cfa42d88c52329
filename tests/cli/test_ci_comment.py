"""`comb ci comment` against a server that keeps comments as GitHub's and GitLab's documentation says they do."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from comb_compiler.cli.ci.markdown import MARKER, as_comments, as_text
from comb_compiler.cli.ci.report import (
    BadReport,
    Comb,
    Effect,
    Finding,
    Gate,
    Place,
    Report,
    Usage,
    parse_report,
    report_bytes,
)
from comb_compiler.cli.main import main
from tests.support.serving import serving

TOKEN = "t0ken-that-nobody-may-see"
FINDING = Finding("error", "COMB2001", "a Comb has no field `x`", "comb.yaml", 3, 1)
PLACE = Place(
    "staging", "east", "live", "1 changed", (Effect("models", "a 1 → 2", False),), (Usage("x/gpu", "1", "2"),)
)
COMB = Comb(
    "greeting",
    "welcome",
    "comb.yaml",
    "passed",
    ("comb.yaml",),
    False,
    (),
    (PLACE,),
    (Gate("load", "passed", (), 9),),
    (),
)
REPORT = Report(1, "passed", 0, "origin/main", "a" * 40, 0, 1, (), (), (), (COMB,))


class Server(ThreadingHTTPServer):
    """Comments of one thread, by their ids, each with its author; and what was asked."""

    def __init__(self, form: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.is_github = form == "github"
        self.comments: dict[int, tuple[str, str]] = {}
        self.asked: list[str] = []
        self.may_ask_who = True
        self.status = 0

    @property
    def thread(self) -> str:
        return (
            "/repos/acme/combs/issues/7/comments" if self.is_github else "/projects/acme%2Fcombs/merge_requests/7/notes"
        )

    @property
    def one(self) -> str:
        return "/repos/acme/combs/issues/comments/" if self.is_github else f"{self.thread}/"

    def form(self, number: int) -> dict[str, Any]:
        author, body = self.comments[number]
        who = {"user": {"login": author}} if self.is_github else {"author": {"username": author}}
        return {"id": number, "body": body, **who}


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do(self) -> None:
        server, url = self.server, urlsplit(self.path)
        server.asked.append(self.command)
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length))["body"] if length else ""
        sent = self.headers["authorization"] if server.is_github else self.headers["private-token"]
        if sent != (f"Bearer {TOKEN}" if server.is_github else TOKEN):
            self.answer(401, None)
        elif server.status:
            self.answer(server.status, {"message": TOKEN})
        elif url.path == "/user":
            who = {"login": "bot"} if server.is_github else {"username": "bot"}
            self.answer(200, who) if server.may_ask_who else self.answer(403, None)
        elif url.path == server.thread and self.command == "GET":
            page = int(parse_qs(url.query)["page"][0])
            numbers = sorted(server.comments)[(page - 1) * 100 : page * 100]
            self.answer(200, [server.form(one) for one in numbers])
        elif url.path == server.thread and self.command == "POST":
            number = max(server.comments, default=0) + 1
            server.comments[number] = ("bot" if server.may_ask_who else "github-actions[bot]", body)
            self.answer(201, server.form(number))
        else:
            self.one(int(url.path.removeprefix(server.one)), body)

    def one(self, number: int, body: str) -> None:
        if self.command == "DELETE":
            del self.server.comments[number]
            self.answer(204, None)
            return
        assert self.command == ("PATCH" if self.server.is_github else "PUT")
        self.server.comments[number] = (self.server.comments[number][0], body)
        self.answer(200, self.server.form(number))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do  # noqa: N815

    def answer(self, status: int, body: Any) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.setenv("GITLAB_TOKEN", TOKEN)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server(request.param)
    with serving(server):
        yield server


def said(server: Server, directory: Path, report: Report = REPORT) -> int:
    file = directory / "report.json"
    file.write_bytes(report_bytes(report))
    option = "--github" if server.is_github else "--gitlab"
    address = f"http://127.0.0.1:{server.server_port}"
    return main(["ci", "comment", str(file), option, "acme/combs", "--number", "7", "--api", address])


def test_one_comment_is_written_then_left_then_replaced(forge: Server, tmp_path: Path) -> None:
    assert said(forge, tmp_path) == 0
    (first,) = forge.comments.values()
    assert first == ("bot", as_comments(REPORT)[0])
    forge.asked.clear()
    assert said(forge, tmp_path) == 0
    assert forge.asked == ["GET", "GET"]
    other = REPORT._replace(verdict="refused", findings=(FINDING,))
    assert said(forge, tmp_path, other) == 0
    assert [body.split("\n")[1] for _, body in forge.comments.values()] == [
        "## ❌ refused: the combs, the platform or a policy say no"
    ]


def test_a_comment_of_somebody_else_is_left_alone_whatever_it_begins_with(forge: Server, tmp_path: Path) -> None:
    forge.comments = dict.fromkeys(range(1, 151), ("mallory", f"{MARKER} 1/1 -->\n## ✅ passed"))
    assert said(forge, tmp_path) == 0
    assert said(forge, tmp_path) == 0
    assert [author for author, _ in forge.comments.values()] == ["mallory"] * 150 + ["bot"]


def test_a_report_of_many_combs_is_several_comments_that_become_fewer(forge: Server, tmp_path: Path) -> None:
    long = COMB._replace(findings=tuple(FINDING._replace(message=f"{one} " + "*" * 3000) for one in range(40)))
    many = REPORT._replace(combs=tuple(long._replace(name=f"comb-{number}") for number in range(20)))
    assert said(forge, tmp_path, many) == 0
    bodies = [body for _, body in forge.comments.values()]
    assert len(bodies) > 2
    assert all(len(body.encode()) < 65_536 and body.startswith(MARKER) for body in bodies)
    assert all(body.count("<details") == body.count("</details>") for body in bodies)
    assert [sum(f"comb-{number} (" in body for body in bodies) for number in range(20)] == [1] * 20
    assert said(forge, tmp_path) == 0
    assert len(forge.comments) == 1


@pytest.mark.parametrize("forge", ["github"], indirect=True)
def test_a_token_of_a_workflow_need_not_say_whose_it_is(forge: Server, tmp_path: Path) -> None:
    forge.may_ask_who = False
    assert (said(forge, tmp_path), said(forge, tmp_path), len(forge.comments)) == (0, 0, 1)


@pytest.mark.parametrize("status", [302, 403, 404, 500])
def test_a_forge_that_refuses_is_told_without_the_token(
    forge: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    forge.may_ask_who, forge.status = False, status
    assert said(forge, tmp_path) == 4
    told = capsys.readouterr()
    assert f"status {status}" in told.err
    assert TOKEN not in told.out + told.err


def test_a_server_that_is_gone_is_told(tmp_path: Path, forge: Server, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(report_bytes(REPORT))
    asked = ["ci", "comment", str(file), "--github", "acme/combs", "--number", "7", "--api", "http://127.0.0.1:9"]
    assert main(asked) == 4
    assert "does not answer: Connection refused" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--number", "7"], "name one repository"),
        (["--github", "a/b", "--gitlab", "a/b", "--number", "7"], "name one repository"),
        (["--github", "a/../b", "--number", "7"], "no repository"),
        (["--github", "a/b?x=", "--number", "7"], "no repository"),
        (["--github", "a/b", "--number", "-1"], "no repository"),
        (["--github", "a/b", "--number", "7", "--api", "http://forge.example"], "over https alone"),
        (["--github", "a/b", "--number", "7", "--api", "https://me:secret@forge.example"], "no address"),
    ],
)
def test_what_makes_no_sense_is_told(
    forge: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], why: str
) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(report_bytes(REPORT))
    assert main(["ci", "comment", str(file), *options]) == 2
    assert why in capsys.readouterr().err


def test_without_a_token_nothing_is_asked(
    forge: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "GITLAB_TOKEN"):
        monkeypatch.setenv(name, " ")
    assert said(forge, tmp_path) == 2
    assert "_TOKEN is not set" in capsys.readouterr().err
    assert forge.asked == []


def test_a_report_is_read_as_it_was_written() -> None:
    assert parse_report(report_bytes(REPORT)) == REPORT


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        report_bytes(REPORT).replace(b'"version": 1', b'"version": 2'),
        report_bytes(REPORT).replace(b'"exit": 0', b'"exit": "0"'),
        report_bytes(REPORT).replace(b'"exit": 0', b'"exit": false'),
        report_bytes(REPORT).replace(b'"exit": 0', b'"exit": 0, "more": 1'),
        report_bytes(REPORT).replace(b'"asked": 9', b'"asked": null'),
    ],
)
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(BadReport):
        parse_report(content)


def test_a_forged_report_gives_no_markup() -> None:
    bad = "x|\n# @all <script> [a](https://evil.example) `www.evil.example` ![i](//evil.example/i.png) \u202e\ud800"
    comb = Comb._make(bad if isinstance(one, str) else one for one in COMB)._replace(
        touched=(bad,),
        findings=(Finding(bad, bad, bad, bad, 1, 1),),
        gates=(Gate(bad, bad, (bad,), 1),),
        places=(
            Place(
                bad,
                bad,
                bad,
                bad,
                (Effect(bad, bad, True), Effect("models", bad, True)),
                (Usage(f"{bad}/", bad, "NaN"),),
            ),
        ),
        remarks=(bad,),
    )
    forged = REPORT._replace(verdict=bad, base=bad, commit=bad, conflicts=(bad,), retire=(bad,), combs=(comb,))
    (text,) = as_comments(forged)
    text.encode("utf-8")
    for one in ("@all", "<script", "](", "https://evil", "www.evil", "\n# ", "x|"):
        assert one not in text


def test_on_a_terminal_a_report_is_no_table_of_markdown_and_keeps_to_the_width() -> None:
    long = COMB._replace(remarks=("what is asked less than before is told " * 5,))
    lines = as_text(REPORT._replace(combs=(long,)), 60).split("\n")
    assert [line for line in lines if len(line) > 60 or line.startswith("|")] == []
    assert "  verdicts      1 passed" in lines
    told = [line for line in lines if "asked less" in line]
    assert told[0].startswith("- ")
    assert all(line.startswith("  ") for line in told[1:])
