"""An environment repository on this machine, to try with."""

from pathlib import Path

import git

from comb_compiler.publish.errors import PublishError

__all__ = ["create_bare_repository"]


def create_bare_repository(directory: Path, branch: str = "main") -> None:
    """An empty repository that is pushed to and never checked out, and that may be fetched in part."""
    try:
        with git.Repo.init(directory, bare=True, initial_branch=branch) as made, made.config_writer() as settings:
            settings.set_value("uploadpack", "allowFilter", "true")
            settings.set_value("uploadpack", "allowAnySHA1InWant", "true")
    except (git.GitError, OSError) as problem:
        raise PublishError(f"{directory}: {problem}") from problem
