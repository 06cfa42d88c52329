"""Have a pull request say what `comb ci` found, in a comment that the next run replaces.

It is a step of its own, with a token that may write comments, and runs no code of the change: of the report, which may
be anyone's, it takes words and numbers alone, and none of them is read as Markdown, as an address or as a mention. The
token is taken from the environment: GITHUB_TOKEN or GITLAB_TOKEN.

example:
  comb ci comment out/report.json --github acme/combs --number 7
  comb ci comment out/report.json --gitlab acme/ai/combs --number 7 --api https://gitlab.acme.example/api/v4
  comb ci comment out/report.json --github acme/combs --number 7 --api https://gitea.acme.example/api/v1
"""

import argparse
import os
import re
from pathlib import Path

from comb_compiler.cli.ci.forges import GITHUB, GITLAB, Forge, Thread, address_of
from comb_compiler.cli.ci.markdown import MARKER, as_comments
from comb_compiler.cli.ci.reading import read_written
from comb_compiler.cli.ci.report import BadReport, Report, parse_report
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError

__all__ = ["add_arguments", "read_report", "run"]

_MOST_BYTES = 64 << 20
_NAME = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+")
_TOKEN = re.compile(r"[!-~]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("report", metavar="REPORT", help="report.json of `comb ci --out`")
    add("--github", metavar="OWNER/REPO", help="the repository on GitHub, Gitea or Forgejo")
    add("--gitlab", metavar="GROUP/PROJECT", help="the project on GitLab")
    add("--number", metavar="N", type=int, required=True, help="the number of the pull request or merge request")
    add("--api", metavar="URL", help="where its API is (default: that of github.com or gitlab.com)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if (arguments.github is None) == (arguments.gitlab is None):
        raise UsageError("name one repository, with --github or --gitlab")
    name = arguments.github or arguments.gitlab
    if not _NAME.fullmatch(name) or ".." in name.split("/") or arguments.number < 1:
        raise UsageError(f"{name}, {arguments.number}: this is no repository with a number of a pull request")
    texts = as_comments(read_report(Path(arguments.report)))
    new, changed, deleted = _forge(arguments).say(Thread(name, arguments.number), texts, MARKER)
    same = len(texts) - new - changed
    console.result(f"{name} {arguments.number}: {new} new, {changed} changed, {same} as it was, {deleted} deleted")
    return Exit.CLEAN


def _forge(arguments: argparse.Namespace) -> Forge:
    is_github = arguments.github is not None
    variable, usual = (
        ("GITHUB_TOKEN", "https://api.github.com") if is_github else ("GITLAB_TOKEN", "https://gitlab.com/api/v4")
    )
    token = os.environ.get(variable, "").strip()
    if not _TOKEN.fullmatch(token):
        raise UsageError(f"{variable} is not set: comments are written with the token that it holds")
    try:
        address = address_of(arguments.api or usual)
    except ValueError as problem:
        raise UsageError(f"--api {arguments.api}: {problem}") from problem
    return Forge(GITHUB if is_github else GITLAB, address, token)


def read_report(file: Path) -> Report:
    """The report in a file, which may be anyone's. Raises UsageError."""
    try:
        content = read_written(file.parent, (file.name,), _MOST_BYTES)
    except BadReport as problem:
        raise UsageError(f"{file}: {problem}") from problem
    try:
        return parse_report(content)
    except BadReport as problem:
        raise UsageError(f"{file}: this is no report of `comb ci`: {problem}") from problem
