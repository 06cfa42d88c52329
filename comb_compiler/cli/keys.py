"""The public keys of trusted publishers as files, which the Secret is made of that Flux verifies commits by."""

from collections.abc import Mapping

from comb_compiler.cli.writing import output_directory
from comb_compiler.workspace.directories import write_files

__all__ = ["write_keys"]


def write_keys(directory: str, publishers: Mapping[str, str]) -> list[str]:
    """Write a file for each key, `NAME.sshpub` or `NAME.asc`, as Flux tells them apart; their names."""
    from comb_compiler.publish.openpgp import is_openpgp

    names = {name: f"{name}.{'asc' if is_openpgp(key) else 'sshpub'}" for name, key in publishers.items()}
    files = {names[name]: f"{key.rstrip()}\n".encode() for name, key in publishers.items()}
    write_files(output_directory(directory), ".", files, ())
    return sorted(files)
