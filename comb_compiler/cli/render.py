"""Write what clusters are told of a comb: Kubernetes objects, one file each, as Flux applies them.

The directory gets `clusters/CLUSTER/NAMESPACE/COMB/`, as the environment repository has it. Images are taken by digest
from a file that a build wrote. The same inputs give the same bytes.

example:
  comb render combs/ocr --platform platform.yaml --environment production --images images.json -o rendered
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors, in_reading_order
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="COMB", help="a comb.yaml, or a directory with one")
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml that it runs on")
    parser.add_argument("--environment", metavar="NAME", required=True, help="where it is to run")
    parser.add_argument("--images", metavar="FILE", required=True, help="the images by digest: what a build wrote")
    parser.add_argument("-o", "--output", metavar="DIR", required=True, help="where the files are written")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    arguments.paths = [arguments.path]
    checkout = Checkout(open_root(arguments))
    rendered = _rendered(checkout, arguments)
    console.note(report(in_reading_order(rendered.diagnostics), "text", checkout, console).rstrip("\n"))
    if has_errors(rendered.diagnostics):
        return Exit.FINDINGS
    _write(rendered, Path(arguments.output))
    return Exit.CLEAN


def _rendered(checkout: Checkout, arguments: argparse.Namespace) -> "Rendered":
    from comb_compiler.compiler.render import render_comb
    from comb_compiler.release.images import parse_images
    from comb_compiler.workspace.sources import load_sources

    cache = VerdictCache(None if arguments.no_cache else default_directory())
    mains, _ = find_combs(checkout, [arguments.path])
    if len(mains) != 1:
        raise UsageError(f"{arguments.path} holds {len(mains)} combs: name one")
    platform_file = platform_path(arguments, checkout)
    assert platform_file is not None
    return render_comb(
        load_sources(checkout, mains[0], cache.memo),
        load_sources(checkout, platform_file, cache.memo),
        arguments.environment,
        parse_images(Path(arguments.images).read_bytes()),
        cache.memo,
    )


def _write(rendered: "Rendered", directory: Path) -> None:
    for cluster in rendered.clusters:
        place = directory / cluster.directory
        place.mkdir(parents=True, exist_ok=True)
        for name, content in cluster.files.items():
            (place / name).write_bytes(content)
