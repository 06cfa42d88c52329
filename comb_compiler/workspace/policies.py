"""Folders of policies: those of a checkout, and those that come with Comb."""

import posixpath
from pathlib import Path

import comb_compiler
from comb_compiler.diagnostics import codes
from comb_compiler.source import Node, Unavailable
from comb_compiler.source.sourceset import YAML_ENDINGS
from comb_compiler.workspace.checkout import Checkout

__all__ = ["OWN", "named_folders", "own_policies", "policy_files", "read_policy_folder", "test_files"]

OWN = "comb.dev"
"""What stands for the policies that come with Comb, where folders are named."""


def own_policies() -> Checkout:
    """The policies that come with Comb, as a checkout of their own whose folder is `comb.dev`'s root."""
    package = Path(comb_compiler.__file__).parent
    homes = (package / "policies", package.parent / "policies")  # in a wheel, and in Comb's own checkout
    return Checkout(next(home for home in homes if home.is_dir()))


def named_folders(main: str, root: Node) -> tuple[str, ...]:
    """The folders of policies that a platform.yaml names, from the checkout's root; OWN as it is."""
    named = root.data.get("policies")
    folders = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    home = posixpath.dirname(main)
    return tuple(one if one == OWN else posixpath.normpath(posixpath.join(home, one)) for one in folders)


def policy_files(checkout: Checkout, folder: str) -> dict[str, bytes | Unavailable]:
    """The files of policies of a folder, by path from the root; or why the folder is none."""
    if folder == OWN:
        return {f"{OWN}/{name}": content for name, content in read_policy_folder(own_policies(), ".").items()}
    found = checkout.find(folder)
    if isinstance(found, Unavailable):
        return {folder: found}
    if not found.is_directory:
        return {folder: Unavailable(codes.NOT_A_REGULAR_FILE, f"`{folder}` is a file, not a folder of policies")}
    return read_policy_folder(checkout, folder)


def read_policy_folder(checkout: Checkout, folder: str) -> dict[str, bytes | Unavailable]:
    """The YAML files right in a folder; its tests are below it."""
    names = [name for name in checkout.names(folder) if name.endswith(YAML_ENDINGS) and not name.startswith(".")]
    return {path: checkout.read(path) for path in (posixpath.normpath(f"{folder}/{name}") for name in names)}


def test_files(checkout: Checkout, folder: str, tests: str) -> dict[str, bytes | Unavailable]:
    """The YAML files of the fixtures of a folder: in `tests`, and in the folders there."""
    below = posixpath.normpath(f"{folder}/{tests}")
    found = read_policy_folder(checkout, below)
    for name in checkout.names(below):
        if not name.endswith(YAML_ENDINGS):
            found |= read_policy_folder(checkout, f"{below}/{name}")
    return found
