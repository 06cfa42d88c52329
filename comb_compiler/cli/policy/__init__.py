"""What `comb policy` is made of: folders of policies, as a command line names them."""

import argparse
import os
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.checking import common_root
from comb_compiler.cli.exits import UsageError
from comb_compiler.diagnostics import Diagnostic, Span
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Unavailable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.policies import own_policies

if TYPE_CHECKING:
    from comb_compiler.policy.model import PolicySet

__all__ = ["Folders", "add_folders", "contents", "open_folders", "read_folders"]


class Folders(NamedTuple):
    """The checkout that folders are in, and their paths from its root."""

    checkout: Checkout
    paths: tuple[str, ...]


def add_folders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folders", metavar="DIR", nargs="*", help="folders of policies (default: those of Comb)")


def open_folders(arguments: argparse.Namespace) -> Folders:
    """The folders of the command line; without any the policies that come with Comb."""
    if not arguments.folders:
        return Folders(own_policies(), (".",))
    for folder in arguments.folders:
        if not os.path.isdir(folder):
            is_file = os.path.isfile(folder)
            raise UsageError(f"{folder}: {'this is a file: name its folder' if is_file else 'there is no such folder'}")
    checkout = Checkout(common_root(arguments.folders))
    paths = []
    for folder in arguments.folders:
        path = checkout.relative(folder)
        if isinstance(path, Unavailable):
            raise UsageError(path.message)
        paths.append(path)
    return Folders(checkout, tuple(paths))


def contents(files: dict[str, bytes | Unavailable]) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """The files that could be read, and what is said of the others."""
    read = {name: content for name, content in files.items() if isinstance(content, bytes)}
    refused = {name: content for name, content in files.items() if isinstance(content, Unavailable)}
    hints = {name: (one.hint,) if one.hint else () for name, one in refused.items()}
    told = [diagnose(one.code, one.message, Span.whole_file(name), hints=hints[name]) for name, one in refused.items()]
    return read, told


def read_folders(folders: Folders) -> "tuple[PolicySet, tuple[Diagnostic, ...]]":
    """All policies of the folders, and what is wrong with them."""
    from comb_compiler.policy.library import CelLibrary
    from comb_compiler.policy.reading import read_policies
    from comb_compiler.workspace.policies import read_policy_folder

    files: dict[str, bytes | Unavailable] = {}
    for path in folders.paths:
        files |= read_policy_folder(folders.checkout, path)
    read, told = contents(files)
    policies, found = read_policies(read, CelLibrary())
    return policies, (*told, *found)
