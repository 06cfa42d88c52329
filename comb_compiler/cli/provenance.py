"""Where the sources of a checkout come from, as its git says."""

import subprocess

import comb_compiler
from comb_compiler.release.repository import repository_name

__all__ = ["author_of", "facts_of", "origin_of", "source_of"]

_SECONDS = 60


def facts_of(root: str) -> tuple[tuple[str, str], ...]:
    """What a commit of the environment repository says of them."""
    facts = [("Comb-Compiler", comb_compiler.__version__)]
    commit = _asked(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if commit:
        facts.append(("Comb-Source-Commit", commit))
        if source := source_of(root):
            facts.append(("Comb-Source-Repository", source))
        if _asked(root, "status", "--porcelain", "--untracked-files=no"):
            facts.append(("Comb-Source-Modified", "true"))
    return tuple(facts)


def origin_of(root: str) -> str:
    """The address that they were fetched from, as git resolves it; nothing where there is none."""
    return _asked(root, "remote", "get-url", "origin")


def source_of(root: str) -> str:
    """The one name of the repository that they are from; nothing where nothing says it."""
    return repository_name(origin_of(root))


def author_of(root: str) -> tuple[str, str]:
    """The name and the mail address that git is told to commit with; nothing for what it is not told."""
    return _asked(root, "config", "--get", "user.name"), _asked(root, "config", "--get", "user.email")


def _asked(root: str, *question: str) -> str:
    """What git says of the checkout; nothing where it is none."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", root, *question]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603  all ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
