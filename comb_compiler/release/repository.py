"""What a source repository is called, however it was cloned, and a directory in it."""

import re
from urllib.parse import urlsplit

__all__ = ["directory_name", "may_be_same", "repository_name"]

_SCP = re.compile(r"(?P<host>\[[^]]+\]|[^/:]+):(?P<path>.*)", re.DOTALL)
"""`git@host:path`, or with a port `[git@host:2222]:path`: git's own short form."""
_SLASHES = re.compile("/{2,}")
_SAME = (
    (re.compile(r"ssh\.dev\.azure\.com/v3/([^/]+)/([^/]+)/"), r"dev.azure.com/\1/\2/_git/"),
    (re.compile(r"ssh\.(github\.com/)"), r"\1"),
    (re.compile(r"altssh\.((gitlab\.com|bitbucket\.org)/)"), r"\1"),
)
"""Forges that answer ssh under another name, or by another path, than https."""


def repository_name(url: str) -> str:
    """One name for all addresses of a repository: host and path, without transport, user, port and `.git`.

    It is in small letters, since forges do not tell them from capitals; nothing for what is no address.
    """
    if "://" not in url:
        short = _SCP.fullmatch(url)
        url = f"ssh://{short['host'].strip('[]')}/{short['path']}" if short else f"file://{url}"
    try:
        parts = urlsplit(url)
        path = _SLASHES.sub("/", parts.path).strip("/")
        name = f"{parts.hostname or ''}/{path.removesuffix('.git')}"
    except ValueError:
        return ""
    for form, same in _SAME:
        name = form.sub(same, name, count=1) if form.match(name) else name
    return name.lower() if name != "/" else ""


def directory_name(repository: str, directory: str) -> str:
    """What a directory of a repository is called, both by name: `git.example.com/team/combs//ocr`.

    The repository's own root is `git.example.com/team/combs//`. Nothing of a repository of which nothing is known.
    """
    return f"{repository}//{directory}" if repository else ""


def may_be_same(one: str, other: str) -> bool:
    """Whether two names may be of one directory; that of a repository, as it was once kept, may be of any in it."""
    first, second = one.partition("//"), other.partition("//")
    return one == other or (first[0] == second[0] and not (first[1] and second[1]))
