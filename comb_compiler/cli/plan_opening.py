"""What `--against` names, opened: a directory, an environment repository, or a revision of the checkout."""

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.plan_bases import Base, Published, Then
from comb_compiler.cli.plan_stores import CommitStore, DirectoryStore, Homes, is_bare_repository
from comb_compiler.cli.repositories import Target, open_target, opened, trust_of
from comb_compiler.release.images import Images
from comb_compiler.source import SourceSet
from comb_compiler.source.memo import Memo
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.platform import Platform
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.past import Past
from comb_compiler.workspace.revision import find_commit
from comb_compiler.workspace.sources import load_sources

__all__ = ["Here", "homes_of", "open_base", "past_platform"]


class Here(NamedTuple):
    """What is compared: the checkout, its platform as files and as a value, and the images that were given."""

    checkout: Checkout
    sources: SourceSet
    platform: Platform
    images: Images | None
    memo: Memo


def open_base(name: str, here: Here, stack: ExitStack) -> Base:
    """What `name` means, until the stack is left. Raises UsageError."""
    if "://" in name or is_bare_repository(name):
        return stack.enter_context(_repository(name, here.platform))
    if os.path.isdir(name):
        return Published(f"`{os.path.normpath(name)}`", DirectoryStore(name), homes_of(here.platform))
    commit = find_commit(here.checkout.root, name)
    if commit is None:
        hint = "in CI, fetch the base branch first (a shallow checkout has only its own commit)"
        raise UsageError(
            f"--against {name}: no directory, no address of a repository and no revision of this one; {hint}"
        )
    past = stack.enter_context(Past(here.checkout.root, commit))
    return Then(f"`{name}`", past, past_platform(past, here), here.images, here.memo)


def past_platform(past: Past, here: Here) -> SourceSet:
    """The platform as it was; as it is where there was none."""
    then = load_sources(past, here.sources.main, here.memo)
    return here.sources if isinstance(then.files[then.main], Unavailable) else then


@contextmanager
def _repository(name: str, platform: Platform) -> Iterator[Base]:
    from comb_compiler.publish import Refused
    from comb_compiler.publish.landing import check_history

    where = argparse.Namespace(repository=name, trusted=None)
    target: Target = open_target(platform, where)
    try:
        with opened(target) as mirror:
            store = CommitStore(mirror, check_history(mirror, trust_of(target, where)), name)
            yield Published(f"`{name}`", store, homes_of(platform))
    except Refused as refused:
        raise UsageError(f"--against {name}: {refused}") from refused


def homes_of(platform: Platform) -> Homes:
    """Where combs may be in each environment."""
    return {name: (tuple(platform.clusters), one.namespace) for name, one in platform.environments.items()}
