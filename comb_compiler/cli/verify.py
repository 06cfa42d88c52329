"""Check that what is published of combs is what its commits say: signatures, digests, and the same bytes again.

Each comb is rendered again from the source commit that its publication names, with the images that it recorded, and
compared byte by byte. The working tree is not touched and does not count.

example:
  comb verify combs/ocr --platform platform.yaml --environment production
  comb verify combs --platform platform.yaml --environment production --no-rebuild      digests and signatures only
"""

import argparse
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.checking import open_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.emergencies import unproven
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import Target, add_reading_arguments, opened, target_of, told, trust_of
from comb_compiler.diagnostics import Severity, has_errors
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.publish import Mirror, Trust
    from comb_compiler.publish.owned import Held
    from comb_compiler.publish.records import Record

__all__ = ["add_arguments", "run"]

_SECONDS = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", metavar="COMB", nargs="+", help="a comb.yaml, or a directory with one or with many")
    add_reading_arguments(parser)
    parser.add_argument("--no-rebuild", action="store_true", help="render nothing: check signatures and digests")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.publish import Refused
    from comb_compiler.publish.landing import check_history

    target = target_of(arguments, console)
    if target is None:
        return Exit.FINDINGS
    checkout = Checkout(open_root(arguments))
    mains, found = find_combs(checkout, arguments.paths)
    if found:
        console.note(report(found, "text", checkout, console).rstrip("\n"))
    if not mains:
        return Exit.FINDINGS
    trust = trust_of(target, arguments)
    platform = checkout.relative(arguments.platform)
    assert not isinstance(platform, Unavailable)
    failed = int(has_errors(found))
    try:
        with opened(target) as mirror:
            state = _State(mirror, check_history(mirror, trust), trust)
            for main in mains:
                said = _verified(state, target, checkout, (main, platform), not arguments.no_rebuild)
                failed += bool(said)
                console.result(f"{main}: {'as published' if not said else 'not what was published'}")
                for one in said:
                    console.result(f"  {one}")
    except Refused as refused:
        return told(refused, console)
    return Exit.FINDINGS if failed else Exit.CLEAN


class _State(NamedTuple):
    """The environment repository as it was fetched once, for all combs."""

    mirror: "Mirror"
    head: str | None
    trust: "Trust"


def _verified(state: _State, target: Target, checkout: Checkout, files: tuple[str, str], rebuild: bool) -> list[str]:
    """What is wrong with a comb's publication, as sentences; nothing is good."""
    from comb_compiler.publish.owned import held
    from comb_compiler.publish.records import recorded
    from comb_compiler.publish.signing import signatures

    name = _name(checkout, files[0])
    places = target.places(name)
    mirror, head, trust = state
    records = recorded(mirror, head, places) if head is not None else []
    if not records or not records[0].releases:
        return [f"`{name}` is not published to {target.environment}"]
    record = records[0]
    there = [one for one in held(mirror.git, head, places) if one.release is not None]
    said = [sentence for one in there for sentence in one.damage()]
    if target.platform.environments[target.environment].evidence and not _is_proven(record, there):
        said.append(f"{record.commit[:12]}: it names no evidence, and `{target.environment}` takes releases with it")
    signer = None
    if trust.publishers and trust.floor is None:
        signed = next(signatures(mirror.git, trust.publishers, "-1", record.commit))
        signer = signed.signer
        said += [f"{record.commit[:12]}: {signed.why}"] if signer is None else []
    for one in there:
        assert one.release is not None
        if record.releases.get(one.place.directory) != one.release.digest:
            said.append(f"{one.place.directory}: {record.commit[:12]} published another release")
        wrong = unproven(one.release, signer, target.platform, datetime.now(UTC))
        said += [f"{one.place.directory}: {sentence}" for sentence in wrong]
    return said or (_rebuilt(there, record, target.environment, checkout, files) if rebuild else [])


def _is_proven(record: "Record", published: "list[Held]") -> bool:
    """Whether a publication names evidence, or is an emergency, which says so itself."""
    named = any(name == "Comb-Evidence" for name, _ in record.facts)
    return named or all(one.release is not None and one.release.emergency is not None for one in published)


def _name(checkout: Checkout, main: str) -> str:
    from comb_compiler.compiler import check
    from comb_compiler.workspace.sources import load_sources

    checked = check(load_sources(checkout, main))
    if checked.kind != "Comb" or not checked.name:
        raise UsageError(f"{main}: `comb check` has something to say about it")
    return checked.name


def _rebuilt(
    published: "list[Held]", record: "Record", environment: str, checkout: Checkout, files: tuple[str, str]
) -> list[str]:
    """Where a rendering of the recorded source differs from what is published."""
    from comb_compiler.compiler.render import render_comb
    from comb_compiler.compiler.repeating import repeated
    from comb_compiler.compiler.rollout import BadStable
    from comb_compiler.release.images import Images
    from comb_compiler.workspace.operators import code_digest
    from comb_compiler.workspace.sources import load_sources

    if not record.source or record.modified:
        return ["its commit names no source commit that holds all of it, so that nothing can be rebuilt (--no-rebuild)"]
    releases = [one.release for one in published if one.release is not None]
    processes: dict[str, dict[str, str]] = {}
    for release in releases:
        for process, devices in release.images.items():
            processes.setdefault(process, {}).update(devices)
    with TemporaryDirectory(prefix="comb-verify-") as directory:
        if not _extract(checkout.root, record.source, Path(directory)):
            of = f" of `{record.repository}`" if record.repository else ""
            return [f"here is no commit {record.source[:12]}{of}, which was published: fetch it (--no-rebuild)"]
        then = Checkout(directory)
        sources = load_sources(then, files[0]), load_sources(then, files[1])
        images = Images(processes, unbuilt=any(one.unbuilt for one in releases))
        rendered = render_comb(*sources, environment, images, code=code_digest(then, files[0]))
    made = {one.directory: one for one in rendered.clusters}
    said = []
    for one in published:
        again = made.get(one.place.directory)
        if again is None:
            wrong = next(
                (f": {found.message}" for found in rendered.diagnostics if found.severity is Severity.ERROR), ""
            )
            said.append(f"{one.place.directory}: at {record.source[:12]} it is not rendered{wrong}")
            continue
        there = one.contents()
        try:
            new = repeated(again, there)
        except BadStable as problem:
            said.append(f"{one.place.directory}: {problem}")
            continue
        differing = sorted(name for name in {*new, *there} if new.get(name) != there.get(name))
        said += [f"{one.place.directory}/{name}: rendered again it is another" for name in differing]
    return said


def _extract(root: str, commit: str, into: Path) -> bool:
    """Have the files of a commit of the checkout in a directory of their own; whether there is such a commit.

    They are checked out rather than archived: an archive leaves out what `export-ignore` names.
    """
    code, out = _git(root, "rev-parse", "--absolute-git-dir", "--show-prefix")
    directory, _, prefix = out.rstrip("\n").partition("\n")
    with TemporaryDirectory(prefix="comb-verify-") as beside:
        there = {"GIT_DIR": directory, "GIT_WORK_TREE": str(into), "GIT_INDEX_FILE": str(Path(beside, "index"))}
        if code or _git(root, "read-tree", "--end-of-options", f"{commit}:{prefix}", more=there)[0]:
            return False
        if _git(str(into), "checkout-index", "--all", more=there)[0]:
            raise OutsideFailure(f"git cannot check out {commit[:12]} of the checkout's history")
    return True


def _git(directory: str, *arguments: str, more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """How a command of git's ends in a directory, and what it writes; no hook runs."""
    settings = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.sparseCheckout=false")
    command = ["git", *settings, "-C", directory, *arguments]
    environment = {**os.environ, **(more or {})}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise OutsideFailure("git cannot read the checkout's history") from problem
    return done.returncode, os.fsdecode(done.stdout)
