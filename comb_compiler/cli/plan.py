"""Say what runs where: pods, the class of device of each, how many instances, and what the nodes have left.

What the platform cannot give is said first, and the exit code is then 1; `comb check --platform` says the same. Bars
show what is left of an empty cluster when the fewest instances have their places. "in any order" means that none can be
left without a place, whatever the scheduler chooses.

With --against it says instead what a change does to what is there: models and parameters, replicas and devices, what
restarts, goes, or is refused by Kubernetes; then each object that differs, part by part, with the line that asks for
it. What is there are rendered files, an environment repository, or a git revision of the sources. Images that nobody
gives are taken to be those that run.

example:
  comb plan combs/ocr --platform platform.yaml                            in every environment
  comb plan combs/ocr --platform platform.yaml --environment production   in one
  comb plan combs/ocr --platform platform.yaml --format json              for programs
  comb plan combs --platform platform.yaml --against origin/main          what a pull request changes
  comb plan combs/ocr --platform platform.yaml --against https://git.example.com/environments.git
  comb plan combs/ocr --platform platform.yaml --against rendered --format html > change.html
"""

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import Checking, open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.environments import must_have_environment
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import Diagnostic, has_errors, in_reading_order
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs

if TYPE_CHECKING:
    from comb_compiler.plan.model import Plan
    from comb_compiler.release.images import Images

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one; with --against, many"
    )
    parser.add_argument("--platform", metavar="FILE", required=True, help="the platform.yaml that it runs on")
    parser.add_argument("--environment", metavar="NAME", help="the plan for this environment (default: for all)")
    parser.add_argument("--against", metavar="DIR|URL|REV", help="say what changes: compared with what is there")
    parser.add_argument(
        "--all",
        action="store_true",
        help="with --against: of a tree of combs, what differs and what is gone",
    )
    parser.add_argument(
        "--published-from",
        metavar="REV",
        help="with --all: the revision of the sources that a directory was rendered from",
    )
    parser.add_argument("--images", metavar="FILE", help="with --against: the images by digest, which a build wrote")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="what is written (default: text)")
    parser.add_argument("-o", "--output", metavar="DIR", help="with --format markdown: a file for each comment")
    parser.add_argument("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    parser.add_argument("--no-cache", action="store_true", help="work everything out anew")


_FORMATS = ("text", "markdown", "json", "html")
_OF_CHANGES = ("markdown", "html")


def run(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.against is not None:
        return _run_against(arguments, console)
    given = (arguments.images, arguments.output, arguments.published_from, arguments.all or None)
    if arguments.format in _OF_CHANGES or any(one is not None for one in given):
        raise UsageError(
            "--format markdown and html, --all, --published-from, --images and -o are about what changes: say --against"
        )
    if len(arguments.paths) > 1:
        raise UsageError("without --against one comb is planned: name one")
    checkout = Checkout(open_root(arguments))
    cache = VerdictCache(None if arguments.no_cache else default_directory())
    planned = _planned(checkout, arguments, cache)
    plans = planned.plans
    if arguments.format == "json":
        console.result(_as_json(planned.diagnostics, plans, checkout, console))
    else:
        console.note(report(planned.diagnostics, "text", checkout, console).rstrip("\n"))
        console.result(_as_text(plans, console))
    return Exit.FINDINGS if has_errors(planned.diagnostics) else Exit.CLEAN


def _run_against(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.output is not None and arguments.format != "markdown":
        raise UsageError("-o DIR is where --format markdown writes its files")
    if arguments.published_from is not None and not arguments.all:
        raise UsageError("--published-from is for --all")
    images = _images(arguments)
    checkout = Checkout(open_root(arguments))
    cache = None if arguments.no_cache else default_directory()
    if arguments.all:
        from comb_compiler.cli.plan_all import compare_tree

        compared, alike = compare_tree(checkout, arguments, images, cache)
        said = f"{alike.combs:,} comb{'s' if alike.combs != 1 else ''}"
        console.note(f"{said}: as what is there" if compared is None or alike.combs else "")
        if compared is None and arguments.format == "text":
            return Exit.CLEAN
    else:
        from comb_compiler.cli.plan_against import compare_combs

        compared = compare_combs(checkout, arguments, images, VerdictCache(cache))
    from comb_compiler.cli.plan_showing import nothing, show

    compared = compared or nothing(arguments.against)
    show(compared, arguments, checkout, console)
    return Exit.FINDINGS if has_errors(compared.diagnostics) else Exit.CLEAN


def _images(arguments: argparse.Namespace) -> "Images | None":
    """The images that were given; None where those count that run."""
    if arguments.images is None:
        return None
    from comb_compiler.cli.render import read_images

    arguments.unbuilt = False
    return read_images(arguments)


class _Planned(NamedTuple):
    plans: "tuple[Plan, ...]"
    diagnostics: tuple[Diagnostic, ...]


def _planned(checkout: Checkout, arguments: argparse.Namespace, cache: VerdictCache) -> _Planned:
    """The plans for the environments that are asked for, and what is wrong with the comb or the platform."""
    from comb_compiler.compiler import check
    from comb_compiler.workspace.sources import load_sources

    memo = cache.memo
    mains, found = find_combs(checkout, arguments.paths)
    if len(mains) > 1:
        many = f"{arguments.paths[0]} holds {len(mains)} combs, and without --against one is planned"
        raise UsageError(f"{many}: name it, such as {mains[0]}")
    if not mains:
        return _Planned((), tuple(found))
    platform_file = platform_path(arguments, checkout)
    assert platform_file is not None
    platform = load_sources(checkout, platform_file, memo)
    of_platform = check(platform, memo=memo)
    if arguments.environment is not None:
        must_have_environment(of_platform, arguments.environment)
    comb = load_sources(checkout, mains[0], memo)
    checked = check(comb, platform, memo, environment=arguments.environment or "")
    if checked.kind == "Platform":
        raise UsageError(f"{arguments.paths[0]} declares a platform: name a comb")
    environments = (arguments.environment,) if arguments.environment is not None else ()
    beside = Checking(checkout, cache, platform_file).beside(mains, environments)
    return _Planned(checked.plans, in_reading_order((*of_platform.diagnostics, *checked.diagnostics, *beside)))


def _as_json(found: tuple[Diagnostic, ...], plans: "Sequence[Plan]", checkout: Checkout, console: Console) -> str:
    from comb_compiler.plan.as_json import VERSION, plans_json

    diagnostics = json.loads(report(found, "json", checkout, console))["diagnostics"]
    whole = {"version": VERSION, "diagnostics": diagnostics, "plans": plans_json(plans)}
    return json.dumps(whole, indent=2)


def _as_text(plans: "Sequence[Plan]", console: Console) -> str:
    from comb_compiler.cli.plan_table import plan_table

    return "\n\n".join(plan_table(plan, console) for plan in plans)
