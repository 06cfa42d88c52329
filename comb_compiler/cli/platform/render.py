"""Write what clusters are told once for all combs: namespaces, quotas, priorities, policies, what Flux is to do.

It makes `clusters/CLUSTER/_platform/`, and files in `clusters/CLUSTER/_flux/`, as `comb platform publish` commits them.

example:
  comb platform render --platform platform.yaml -o rendered
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit
from comb_compiler.cli.platform.reading import add_platform_arguments, check_platform
from comb_compiler.cli.writing import output_directory, write_platforms

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="where the files are written")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.render import render_platforms

    checked = check_platform(arguments, console)
    if checked is None or checked.platform is None or checked.platform.value is None:
        return Exit.FINDINGS
    rendered = render_platforms(checked.platform.value, checked.policies)
    console.note(write_platforms(output_directory(arguments.output), rendered))
    return Exit.CLEAN
