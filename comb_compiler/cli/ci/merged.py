"""After a merge: have gates run again where what they found is not about what was merged; then sign it and publish.

These are two steps, since code of the change must not meet a key. Without --key, gates run of each comb that the merge
touches and of which nothing in OUT holds: its subject is worked out anew, its exam has to be that of the branch before
the merge, and what is as before is held against what there was before that. With --key, nothing of the change is run:
what holds is signed, and --environment publishes all the combs in one commit; where anything does not hold, nothing is.
A comb whose comb.yaml is gone is told, and runs on.

What earlier merges left, since a gate, a registry or a repository failed, is made good with --all: both steps then look
at all combs, and those that are published as they are here make no commit.

The private key signs evidence, and the commit as well where the platform names trusted publishers.

example:
  comb ci merged out --platform platform.yaml                            first, in a job without secrets
  comb ci merged out --platform platform.yaml --key ci_ed25519 --as ci --environment production --images images.json
  comb ci merged out --platform platform.yaml --key ci_ed25519 --as ci --environment production --build images
  comb ci merged out --platform platform.yaml --all                      what earlier merges left as well
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import open_root
from comb_compiler.cli.ci.change import before_last, change_since
from comb_compiler.cli.ci.gating import Terms, asked_anew, words_of
from comb_compiler.cli.ci.holding import Held, Merge, held
from comb_compiler.cli.ci.imaging import Building, building_of, pushed
from comb_compiler.cli.ci.report import Verdict
from comb_compiler.cli.ci.touched import removed_combs, rested_on, touched
from comb_compiler.cli.committing import add_commit_arguments
from comb_compiler.cli.console import Console
from comb_compiler.cli.evidence.sign import add_signing_arguments
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.render import add_image_arguments
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import add_repository_arguments, target_of
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors
from comb_compiler.diagnostics.render.printable import printable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.past import Past

if TYPE_CHECKING:
    from comb_compiler.cli.repositories import Target

__all__ = ["add_arguments", "run"]

_CONTAINER = "container"
_CODES = {Verdict.REFUSED: Exit.FINDINGS, Verdict.FAILED: Exit.OUTSIDE_FAILED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("out", metavar="OUT", help="what `comb ci --out OUT` wrote, or the first step; it need not be there before")
    add("paths", metavar="PATH", nargs="*", default=["."], help="where combs are looked for (default: here and below)")
    add("--base", metavar="REV", help="the branch before the merge; zeros: it was not there (default: first parent)")
    add("--all", action="store_true", help="all combs, whether this merge touches them or not")
    add("--platform", metavar="FILE", help="the platform.yaml that combs run on")
    add("--environment", metavar="NAME", help="where combs are published; without --key, whose images gates run")
    add("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")
    add("--target", metavar="local|container", default="local", help="where gates run it (default: local)")
    add("--store", metavar="STORE", help="where recorded requests are")
    add("--builder", metavar="TEXT", help="what runs the gates, as the address of a job (default: user and machine)")
    add_signing_arguments(parser, must=False)
    add("-o", "--output", metavar="FILE", default="evidence.json", help="the evidence (default: evidence.json)")
    add("--build", metavar="DIR", help="build images there; with --key without running code, and send them")
    add_image_arguments(parser)
    add_repository_arguments(parser)
    add_commit_arguments(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    _must_make_sense(arguments)
    target = target_of(arguments, console) if arguments.environment is not None else None
    if target is None and arguments.environment is not None:
        return Exit.FINDINGS
    checkout = Checkout(open_root(arguments))
    change = change_since(checkout.root, before_last(checkout.root) if arguments.base is None else arguments.base)
    with Past(checkout.root, change.commit) as past:
        memo, platform = VerdictCache(default_directory()).memo, platform_path(arguments, checkout)
        merge = Merge(checkout, change, past, platform, memo)
        mains = _touched(merge, arguments, console)
        found = _held(mains, merge, arguments, console) if mains is not None else None
        if found is None:
            return Exit.FINDINGS
        if arguments.key is None:
            return _prove(merge, found, arguments, console)
    lacking = [(name, lack) for one in found for name, lack in one.lacking.items()]
    for name, lack in lacking:
        console.note(f"{name}: its gates have to run again: {lack.why}")
    return Exit.GATE_BLOCKS if lacking else _ship(checkout.root, found, target, arguments, console)


def _must_make_sense(arguments: argparse.Namespace) -> None:
    if arguments.environment is not None and arguments.platform is None:
        raise UsageError("--environment is one of a platform: name it with --platform")
    if arguments.key is None:
        if arguments.name is not None or arguments.sign is not None:
            raise UsageError("nothing is signed without a key: name it, with --key FILE")
        if (arguments.target == _CONTAINER) != (arguments.build is not None):
            raise UsageError("--target container runs images, and --build DIR makes them: give both or neither")
        if arguments.build is not None and arguments.environment is None:
            raise UsageError("--build: images are made for an environment: name it with --environment")
        return
    if arguments.name is None:
        raise UsageError("whose is the key? --as NAME, as platform.yaml names the publisher")
    if not Path(arguments.key).is_file():
        raise UsageError(f"--key {arguments.key}: there is no such file")
    ways = [arguments.images is not None, arguments.unbuilt, arguments.build is not None].count(True)
    if arguments.environment is not None and ways != 1:
        raise UsageError("which images ship? One of --images FILE, --build DIR and --unbuilt says it")


def _touched(merge: Merge, arguments: argparse.Namespace, console: Console) -> tuple[str, ...] | None:
    """The files of the combs that the merge touches, or of all; None where a path is not there.

    Combs that are gone are told.
    """
    mains, looked = find_combs(merge.checkout, arguments.paths)
    where, files = (merge.checkout, merge.past), merge.change.files
    removed = removed_combs(*where, mains, files)
    if has_errors(looked) and (mains or not removed):
        console.note(report(looked, "text", merge.checkout, console).rstrip("\n"))
        return None
    for name in removed:
        told = printable(name)
        console.result(f"{told}: its comb.yaml is gone, and it runs on: comb retire {told} takes it out")
    if arguments.all:
        return tuple(mains)
    rested = rested_on(*where, merge.platform, files, merge.memo) if merge.platform is not None else ()
    found = tuple(one.main for one in touched(*where, mains, files, rested, merge.memo))
    if not found:
        console.result("what was merged touches no comb")
    return found


def _held(mains: Sequence[str], merge: Merge, arguments: argparse.Namespace, console: Console) -> list[Held] | None:
    """What holds of each comb; None where one has mistakes: all are looked at before that is told."""
    found = [held(main, Path(arguments.out), merge, console) for main in mains]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else None


def _prove(merge: Merge, found: Sequence[Held], arguments: argparse.Namespace, console: Console) -> int:
    """Have gates run of all of which nothing holds; the exit code is that of the gravest."""
    terms = _terms(merge, arguments)
    codes = [_proven(one, merge, terms, console) for one in found]
    return next((one for one in (Exit.FINDINGS, Exit.GATE_BLOCKS, Exit.OUTSIDE_FAILED) if one in codes), Exit.CLEAN)


def _terms(merge: Merge, arguments: argparse.Namespace) -> Terms:
    images = building_of(arguments, arguments.environment) if arguments.build is not None else None
    reports = Path(os.path.abspath(arguments.out), "gates")
    return Terms(merge.checkout.root, merge.change.commit, words_of(arguments), reports, images, images is not None)


def _proven(one: Held, merge: Merge, terms: Terms, console: Console) -> int:
    """The exit code of what gates say of one comb, which is told."""
    if one.lacking and terms.images is not None:
        failure = terms.images.failure(one.name, one.main, terms.root)
        if failure is not None:
            console.note(f"{one.name}: {failure[1]}")
            return _CODES.get(failure[0], Exit.GATE_BLOCKS)
    for name, lack in one.lacking.items():
        console.note(f"{name}: its gates run again: {lack.why}")
        done = asked_anew(name, one.main, terms._replace(commit=lack.baseline))
        for said in (*done.remarks, *(f"gate {gate.gate}: {gate.verdict}" for gate in done.gates)):
            console.result(printable(f"{name}: {said}"))
        if done.verdict != Verdict.PASSED:
            return _CODES.get(done.verdict, Exit.GATE_BLOCKS)
    again = held(one.main, terms.reports.parent, merge, console) if one.lacking else one
    for name, lack in again.lacking.items() if again is not None else ():
        console.note(f"{name}: what its gates found does not hold: {lack.why}")
    if again is None or again.lacking:
        return Exit.GATE_BLOCKS
    console.result(f"{one.name}: {'proven as it was merged' if again.statements else 'comb.yaml asks for no gate'}")
    return Exit.CLEAN


def _ship(
    root: str, found: Sequence[Held], target: "Target | None", arguments: argparse.Namespace, console: Console
) -> int:
    """Sign what holds, and publish it."""
    from comb_compiler.cli import publish
    from comb_compiler.cli.evidence import sign

    files = {one.name: str(Path(root, one.main)) for one in found}
    proven = [one for one in found if one.statements]
    if proven:
        statements = [statement for one in proven for statement in one.statements]
        about = {"statements": statements, "comb": [files[one.name] for one in proven]}
        code = sign.run(argparse.Namespace(**{**vars(arguments), **about}), console)
        if code != Exit.CLEAN:
            return code
    if target is None or not found:
        return Exit.CLEAN
    images = arguments.images
    if arguments.build is not None:
        building = Building(Path(arguments.build), arguments.platform, arguments.environment)
        images = pushed(files, building, arguments.root, console)
        if images is None:
            return Exit.FINDINGS
    counts = bool(target.platform.environment_repository.publishers)
    given = {
        "paths": list(files.values()),
        "images": images,
        "evidence": arguments.output if proven and counts else None,
        "sign": arguments.sign or (arguments.key if counts and arguments.signer is None else None),
        **dict.fromkeys(("emergency", "take_over")),
        "no_cache": False,
    }
    return publish.run(argparse.Namespace(**{**vars(arguments), **given}), console)
