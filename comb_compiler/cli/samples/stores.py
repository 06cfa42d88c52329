"""The store that a command works on, and how its failures end a run."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.samples.store import SampleStore

__all__ = ["DEFAULT_STORE", "add_store_argument", "opened", "opened_at"]

DEFAULT_STORE = "embedded:.comb/samples"


def add_store_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store",
        metavar="embedded:DIR",
        default=DEFAULT_STORE,
        help=f"where recorded requests are kept (default: {DEFAULT_STORE})",
    )


def _directory(given: str) -> Path:
    """The directory of an embedded store. Raises UsageError for what names none."""
    from comb_compiler.samples.addresses import embedded_directory

    directory = embedded_directory(given)
    if directory is None:
        raise UsageError(f"--store {given}: write embedded:DIR, for example {DEFAULT_STORE}")
    return directory


@contextmanager
def opened(arguments: argparse.Namespace, *, new: bool = False) -> "Iterator[SampleStore]":
    """The store that is named; one that is not there yet is made only where `new` is set."""
    with opened_at(arguments.store, new=new) as store:
        yield store


@contextmanager
def opened_at(given: str, *, new: bool = False) -> "Iterator[SampleStore]":
    """The store of that name; one that is not there yet is made only where `new` is set."""
    from comb_compiler.samples.embedded import EmbeddedStore
    from comb_compiler.samples.store import StoreError

    directory = _directory(given)
    if not new and not directory.is_dir():
        raise UsageError(f"--store {given}: there is no such directory; `comb run --samples` makes it")
    try:
        store = EmbeddedStore(directory)
        try:
            yield store
        finally:
            store.close()
    except StoreError as problem:
        raise OutsideFailure(str(problem)) from problem
