"""Write the public keys of trusted publishers into files, of which the Secret is made that Flux verifies commits by.

Flux tells them apart by their names: `NAME.sshpub` and `NAME.asc`.

example:
  comb platform keys --platform platform.yaml -o keys
  kubectl -n flux-system create secret generic comb-publishers --from-file=keys
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.platform.reading import add_platform_arguments, read_platform
from comb_compiler.cli.writing import output_directory
from comb_compiler.workspace.directories import write_files

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="where the files are written")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.publish.openpgp import is_openpgp

    platform = read_platform(arguments, console)
    if platform is None:
        return Exit.FINDINGS
    keys = {name: one.key for name, one in platform.environment_repository.publishers.items()}
    names = {name: f"{name}.{'asc' if is_openpgp(key) else 'sshpub'}" for name, key in keys.items()}
    files = {names[name]: f"{key.rstrip()}\n".encode() for name, key in keys.items()}
    write_files(output_directory(arguments.output), ".", files, ())
    console.note("\n".join(f"{arguments.output}/{name}" for name in sorted(files)))
    return Exit.CLEAN
