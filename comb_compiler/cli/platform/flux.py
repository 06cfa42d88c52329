"""Write what Flux is told once, by hand: where the environment repository is, and which part of it is a cluster's.

It makes a file for each cluster, with a GitRepository that fetches `clusters/CLUSTER/` alone, and the Kustomization
that all others come from. Where `flux bootstrap` has made a GitRepository already, take `sparseCheckout` over into it.

example:
  comb platform flux --platform platform.yaml -o flux
  comb platform flux --platform platform.yaml --secret git-key --verify comb-publishers -o flux
  kubectl --context east apply -f flux/east.yaml
"""

import argparse

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.platform.reading import add_platform_arguments, read_platform
from comb_compiler.cli.writing import output_directory
from comb_compiler.workspace.directories import write_files

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_platform_arguments(parser)
    parser.add_argument("--secret", metavar="NAME", default="", help="the Secret that the repository is reached with")
    parser.add_argument(
        "--verify", metavar="NAME", default="", help="the Secret of the keys that commits are verified by"
    )
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="where the files are written")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.compiler.render import source_files

    platform = read_platform(arguments, console)
    if platform is None:
        return Exit.FINDINGS
    url, publishers = platform.environment_repository.url, platform.environment_repository.publishers
    if url.startswith("file:"):
        raise UsageError("environmentRepository.url is a file of this machine, which Flux does not reach")
    if url.startswith("ssh:") and not arguments.secret:
        raise UsageError("Flux reaches a repository by ssh with a key: name its Secret, --secret NAME")
    if arguments.verify and not publishers:
        raise UsageError("--verify: platform.yaml names no publishers, and nobody signs")
    files = source_files(platform, arguments.secret, arguments.verify)
    write_files(output_directory(arguments.output), ".", files, ())
    console.note("\n".join(f"{arguments.output}/{name}" for name in sorted(files)))
    return Exit.CLEAN
