"""Write what clusters are told once for all combs: namespaces, quotas, priorities, what Flux is to do.

It makes `clusters/CLUSTER/_platform/`, and files in `clusters/CLUSTER/_flux/`, as `comb platform publish` commits them.

example:
  comb platform render --platform platform.yaml -o rendered
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.platform.reading import add_platform_arguments, read_platform
from comb_compiler.cli.writing import output_directory, write_platforms

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="where the files are written")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.render import render_platforms

    platform = read_platform(arguments, console)
    if platform is None:
        return Exit.FINDINGS
    console.note(write_platforms(output_directory(arguments.output), render_platforms(platform)))
    return Exit.CLEAN
