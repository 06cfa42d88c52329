"""What a source repository is called, however it was cloned."""

import re
from urllib.parse import urlsplit

__all__ = ["repository_name"]

_SCP = re.compile(r"(?P<host>\[[^]]+\]|[^/:]+):(?P<path>.*)", re.DOTALL)
"""`git@host:path`, or with a port `[git@host:2222]:path`: git's own short form."""
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
        name = f"{parts.hostname or ''}/{parts.path.strip('/').removesuffix('.git')}"
    except ValueError:
        return ""
    for form, same in _SAME:
        name = form.sub(same, name, count=1) if form.match(name) else name
    return name.lower() if name != "/" else ""
