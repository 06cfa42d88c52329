"""Write what clusters are told of combs: Kubernetes objects, one file each, as Flux applies them.

The directory gets `clusters/CLUSTER/NAMESPACE/COMB/`, as the environment repository has it, and for each comb a file in
`clusters/CLUSTER/_flux/`. Images are taken by digest from a file that a build wrote. The same inputs give the same
bytes; a directory is replaced as a whole, and only where something in it differs. Where anything is wrong with any of
the combs, nothing is written.

With --onto it follows what is published in that directory: an autoscaler that is new takes over numbers of replicas
without resetting them. With --candidate the comb is laid beside the stable release that is published, for that share of
the users: one of the steps of its `rollout`.

example:
  comb render combs/ocr --platform platform.yaml --environment production --images images.json -o rendered
  comb render combs/ocr --platform platform.yaml --environment staging --unbuilt -o rendered
  comb render combs --platform platform.yaml --environment staging --unbuilt -o rendered       all combs
  comb render combs/ocr --platform platform.yaml --environment staging --unbuilt --explain deployment-ocr.yaml
  comb render combs/ocr --platform platform.yaml --environment production --unbuilt --candidate 1% --onto old -o new
"""

import argparse
import gc
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import open_root, same_names
from comb_compiler.cli.console import Console
from comb_compiler.cli.ending import keep
from comb_compiler.cli.environments import must_have_environment
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import Verdict, VerdictCache, default_directory
from comb_compiler.cli.writing import output_directory, write_rendered
from comb_compiler.diagnostics import Diagnostic, has_errors, in_reading_order
from comb_compiler.workspace.checkout import Checkout, ReadOnce
from comb_compiler.workspace.discovery import find_combs

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.release.images import Images
    from comb_compiler.source.memo import Memo

__all__ = ["Done", "add_arguments", "add_image_arguments", "read_images", "render_all", "render_clean", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one or with many")
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml that it runs on")
    parser.add_argument("--environment", metavar="NAME", required=True, help="where it is to run")
    add_image_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="where the files are written")
    parser.add_argument(
        "--candidate", metavar="STEP", help="lay it beside the stable release, for this share of the users"
    )
    parser.add_argument("--onto", metavar="DIR", help="what is published: what is rendered follows it")
    parser.add_argument("--explain", metavar="FILE", help="print a rendered file, each line with what caused it")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


def run(arguments: argparse.Namespace, console: Console) -> int:
    gc.disable()  # what is made of many combs lives to the end: a tenth of the run would go into looking for garbage
    images = read_images(arguments)
    if (arguments.output is None) == (arguments.explain is None):
        raise UsageError("say where the files are written (-o DIR), or which one to --explain")
    if arguments.candidate is not None and arguments.onto is None:
        raise UsageError("--candidate STEP is laid beside a stable release: say where that is (--onto DIR)")
    output = output_directory(arguments.output) if arguments.output is not None else None
    clean = render_clean(arguments, images, console)
    if clean is None:
        return Exit.FINDINGS
    keep(clean)
    checkout, rendered = clean
    if arguments.onto is not None:
        from comb_compiler.cli.rollouts import following

        rendered = [following(one, arguments.onto, arguments.candidate) for one in rendered]
    if output is not None:
        console.note(write_rendered(output, rendered))
    else:
        from comb_compiler.cli.explaining import explained

        console.result(explained(rendered, arguments.explain, checkout, console))
    return Exit.CLEAN


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `read_images` reads."""
    parser.add_argument("--images", metavar="FILE", help="the images by digest: what a build wrote")
    parser.add_argument("--unbuilt", action="store_true", help="name images that nobody can pull, for want of others")


def read_images(arguments: argparse.Namespace) -> "Images | None":
    """The images of the file; None for those that stand for images that are not built."""
    if arguments.images is not None and arguments.unbuilt:
        raise UsageError("--images and --unbuilt are not given together")
    if arguments.unbuilt:
        return None
    if arguments.images is None:
        raise UsageError(_NO_IMAGES)
    from comb_compiler.release.images import MOST_BYTES, BadImages, parse_images

    try:
        with Path(arguments.images).open("rb") as file:
            return parse_images(file.read(MOST_BYTES + 1))
    except OSError as problem:
        raise UsageError(
            f"--images {arguments.images}: {(problem.strerror or 'it cannot be read').lower()}"
        ) from problem
    except BadImages as problem:
        raise UsageError(f"--images {arguments.images}: {problem}; `comb schema images` has its form") from problem


_NO_IMAGES = (
    "pods run images: give --images FILE, which a build wrote or you by hand (`comb schema images` has its form), "
    "or --unbuilt to see the objects with images that nobody can pull"
)


class Done(NamedTuple):
    """What was rendered of combs, and all that is to be said about them."""

    diagnostics: tuple[Diagnostic, ...]
    rendered: "list[Rendered]"


def render_clean(
    arguments: argparse.Namespace, images: "Images | None", console: Console, *, warns: bool = True
) -> "tuple[Checkout, list[Rendered]] | None":
    """The checkout and what was rendered of combs in it; None where there are mistakes, which are shown.

    What is no mistake is shown as well, where it `warns`.
    """
    checkout = Checkout(open_root(arguments))
    memo = VerdictCache(None if arguments.no_cache else default_directory()).memo
    done = render_all(checkout, arguments, images, memo)
    wrong = has_errors(done.diagnostics)
    if wrong or warns:
        console.note(report(done.diagnostics, "text", checkout, console).rstrip("\n"))
    if wrong:
        return None
    assert all(one.clusters for one in done.rendered), "what is right is rendered"
    return checkout, done.rendered


def render_all(checkout: Checkout, arguments: argparse.Namespace, images: "Images | None", memo: "Memo") -> Done:
    from comb_compiler.compiler import check
    from comb_compiler.compiler.render import render_comb, unbuilt_images
    from comb_compiler.workspace.operators import code_digest
    from comb_compiler.workspace.sources import load_sources

    mains, found = find_combs(checkout, arguments.paths)
    platform_file = platform_path(arguments, checkout)
    assert platform_file is not None
    files = ReadOnce(checkout)
    platform = load_sources(files, platform_file, memo)
    must_have_environment(check(platform, memo=memo), arguments.environment)
    rendered = []
    for main in mains:
        made = render_comb(
            load_sources(files, main, memo),
            platform,
            arguments.environment,
            images if images is not None else unbuilt_images,
            memo,
            code_digest(files, main),
        )
        if made.checked.kind == "Platform":
            raise UsageError(f"{main} declares a platform: name a comb")
        rendered.append(made)
    twice = same_names(Verdict(*one.checked[:5]) for one in rendered)
    said = (*found, *(finding for one in rendered for finding in one.diagnostics), *twice)
    return Done(in_reading_order(said), rendered)
