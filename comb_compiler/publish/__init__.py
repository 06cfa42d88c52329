"""Rendered files → one commit of the environment repository. The only package that imports git.

Thin as yet: it commits into a repository on this machine. Fetching, pushing and signing come with their own issue.
"""

from comb_compiler.publish.commit import Publication, PublishError, commit_directory, create_bare_repository

__all__ = ["Publication", "PublishError", "commit_directory", "create_bare_repository"]
