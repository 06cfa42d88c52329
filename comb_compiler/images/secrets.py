"""What looks like a secret in a file that is to be in an image, by the forms that their makers gave them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Secret", "secrets_in"]

_FORMS = (
    ("a private key", rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("an access key of AWS", rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a token of GitHub", rb"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})\b"),
    ("a token of GitLab", rb"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a token of Hugging Face", rb"\bhf_[A-Za-z0-9]{34,}\b"),
    ("a token of PyPI", rb"\bpypi-[A-Za-z0-9_-]{80,}"),
    ("a token of Slack", rb"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("a key of Google", rb"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a key of Azure storage", rb"\bAccountKey=[A-Za-z0-9+/]{80,}={0,2}"),
    ("a key of Stripe", rb"\b[rs]k_live_[A-Za-z0-9]{20,}\b"),
    ("a key of OpenAI or Anthropic", rb"\bsk-(?:proj|svcacct|admin|ant)-[A-Za-z0-9_-]{20,}"),
    ("a token of npm", rb"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a token of Docker Hub", rb"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    ("a private key of PuTTY", rb"\bPuTTY-User-Key-File-\d"),
    ("a password in an address", rb"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"{}$<>]*:[^\s/:@'\"{}$<>]+@[A-Za-z0-9]"),
)


class Secret(NamedTuple):
    """What it looks like, and the line that it begins in, from 1. What it says is nowhere."""

    kind: str
    line: int


def secrets_in(content: bytes) -> Iterator[Secret]:
    """What looks like a secret in a file, each form once. Placeholders such as `{password}` are none."""
    for kind, form in _FORMS:
        found = re.search(form, content)
        if found is not None:
            yield Secret(kind, content.count(b"\n", 0, found.start()) + 1)
