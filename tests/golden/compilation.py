"""What a check says of the files of a golden case: in memory, and as the command finds them on a disk."""

import argparse
import json
import posixpath
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from comb_compiler.cli.against import Against, open_against
from comb_compiler.cli.checking import Checking
from comb_compiler.cli.code import check_code
from comb_compiler.cli.gate.weakenings import findings, weakenings
from comb_compiler.cli.init.command import blocking
from comb_compiler.cli.init.former import former_template
from comb_compiler.cli.init.making import make
from comb_compiler.cli.init.placing import in_the_way
from comb_compiler.cli.init.recorded import FILE, parse_recorded
from comb_compiler.cli.init.templates import installed
from comb_compiler.cli.init.updating import updated
from comb_compiler.cli.plan_against import compare_combs
from comb_compiler.cli.platform.discovered import Asked, Unasked, platform_text
from comb_compiler.cli.policy import Folders
from comb_compiler.cli.policy.test import try_folders
from comb_compiler.cli.proofs import Given, proven
from comb_compiler.cli.verdicts import VerdictCache
from comb_compiler.cluster.nodes import pools_of
from comb_compiler.compiler import check
from comb_compiler.compiler.render import render_comb, unbuilt_images
from comb_compiler.diagnostics import Diagnostic, Fix, in_reading_order
from comb_compiler.diagnostics.fixes import repair_files
from comb_compiler.release.images import Images, parse_images
from comb_compiler.source import SourceSet, decode
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.discovery import find_combs
from comb_compiler.workspace.lock import check_locks
from comb_compiler.workspace.revision import Revision
from comb_compiler.workspace.sources import load_sources, with_samples
from tests.support.memory import REMEMBERED, MemoryCheckout

__all__ = [
    "PLATFORM",
    "check_artifacts",
    "check_code_on_disk",
    "check_in_memory",
    "check_on_disk",
    "compare_on_disk",
    "exam_on_disk",
    "fixed",
    "policies_on_disk",
    "prove_on_disk",
    "render_on_disk",
    "repaired",
    "template_on_disk",
    "texts_of",
    "write",
]

PLATFORM = "platform.yaml"
_COMB = "comb.yaml"
_PUBLISHED = "published/"
_IDENTITY = ("-c", "user.name=golden", "-c", "user.email=golden@example.com")
_ROUNDS = 20
_REPOSITORY = "git.acme.example/combs"
_DAY = datetime(2026, 11, 26, tzinfo=UTC)

Files = Mapping[str, bytes]
COMMON: Files = {path.name: path.read_bytes() for path in (Path(__file__).parent / "common").iterdir()}
"""What every case has beside its own files."""


def check_in_memory(files: Files) -> tuple[Diagnostic, ...]:
    """Everything that is said of the case's combs and of its platform, from the bytes alone."""
    checkout = MemoryCheckout({**COMMON, **files})
    against = _against(files)
    platform = SourceSet(PLATFORM, {PLATFORM: files[PLATFORM]}) if PLATFORM in files else None
    found: list[Diagnostic] = []
    for main in _combs(files):
        sources = with_samples(checkout, load_sources(checkout, main, REMEMBERED))
        published = against.published(sources) if against else None
        found += check(sources, platform, REMEMBERED, published).diagnostics
    if platform is not None:
        found += check(platform).diagnostics
    return in_reading_order(found)


def check_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """The same by `comb check . --platform platform.yaml`, where `root` is the checkout."""
    platform = PLATFORM if (root / PLATFORM).exists() else None
    paths = [root] if platform is None or any(root.rglob(_COMB)) else [root / PLATFORM]
    cache = VerdictCache(None)
    cache.memo = REMEMBERED
    against = open_against("HEAD", Checkout(root), REMEMBERED) if (root / ".git").exists() else None
    return Checking(Checkout(root), cache, platform, against).run([*map(str, paths)]).diagnostics


def check_artifacts(root: Path) -> tuple[Diagnostic, ...]:
    """The same by `comb lock . --check`, which reads the artifacts too."""
    checkout = Checkout(root)
    reports = check_locks(checkout, find_combs(checkout, [root]).combs)
    assert not [failure for report in reports for failure in report.failures]
    return in_reading_order(finding for report in reports for finding in report.diagnostics)


def check_code_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb check . --code` says besides, which runs the operators' code."""
    checkout = Checkout(root)
    return in_reading_order(check_code(checkout, find_combs(checkout, [root]).combs, REMEMBERED))


def exam_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb gate` says of gates that ask for less than what is published, whose answers are of the same type."""
    before, after = (
        check(load_sources(one, _COMB, REMEMBERED)).comb for one in (Revision(str(root), "HEAD"), Checkout(root))
    )
    assert before is not None
    assert after is not None
    assert before.base.value is not None
    assert after.base.value is not None
    base, own = before.base.value.gates, after.base.value.gates
    weaker = weakenings(base, own, after.base, (), (), [*own.compare])
    return tuple(findings(weaker, after.base, after.base.value.metadata.name))


def compare_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb plan --against HEAD` says in all environments."""
    asked = argparse.Namespace(
        paths=[str(root)], platform=str(root / PLATFORM), environment=None, against="HEAD", all=False
    )
    cache = VerdictCache(None)
    cache.memo = REMEMBERED
    return compare_combs(Checkout(root), asked, None, cache).diagnostics


def render_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb render` says for the first environment, with the images of images.json."""
    checkout = Checkout(root)
    sources, platform = (load_sources(checkout, name, REMEMBERED) for name in (_COMB, PLATFORM))
    declared = check(platform).platform
    assert declared is not None
    environment = declared.declared("environments")[0]
    images = parse_images((root / "images.json").read_bytes())
    return in_reading_order(render_comb(sources, platform, environment, images, REMEMBERED).diagnostics)


def policies_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb policy test policies` says."""
    return try_folders(Folders(Checkout(root), ("policies",))).said


def prove_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb publish` says of what proves the comb in the first environment, if anything does, on one day."""
    checkout = Checkout(root)
    sources, platform = (load_sources(checkout, name, REMEMBERED) for name in (_COMB, PLATFORM))
    declared = check(platform).platform
    assert declared is not None
    environment = declared.declared("environments")[0]
    images, evidence = root / "images.json", root / "evidence.json"
    given = parse_images(images.read_bytes()) if images.exists() else unbuilt_images
    rendered = render_comb(sources, platform, environment, given, REMEMBERED)
    content = evidence.read_bytes() if evidence.exists() else None
    facts = Given(content, _REPOSITORY, _DAY, not isinstance(given, Images) or given.unbuilt)
    return (*in_reading_order(rendered.diagnostics), *proven([rendered], environment, facts).diagnostics)


def template_on_disk(root: Path) -> tuple[Diagnostic, ...]:
    """What `comb init` says of a directory, or `--update` where templates are in `former` and `now`; or discovery."""
    nodes = root / "nodes.json"
    if nodes.exists():
        asked = Asked(pools_of(json.loads(nodes.read_bytes()), {}), (), frozenset())
        given = Unasked("acme", "https://git.acme.example", "r.example/c", "t")
        return platform_text(PLATFORM, {"main": asked}, given)[1]
    record = root / FILE
    if not record.exists():
        return tuple(blocking(in_the_way(root, make(installed() / "algorithm", "digits", {}, ask=False).files)))
    recorded = parse_recorded(FILE, record.read_bytes())
    if isinstance(recorded, Diagnostic):
        return (recorded,)
    former = former_template(recorded, str(root / "former"), root)
    return (former,) if isinstance(former, Diagnostic) else updated(root, recorded, former, root / "now", {}).findings


def write(root: Path, files: Files, links: Mapping[str, str]) -> None:
    """Put the files of a case into the empty directory `root`; what is published is committed there before."""
    published = _published(files)
    if published:
        write(root, published, {})
        for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "published")):
            subprocess.run(["git", *_IDENTITY, *command], cwd=root, check=True)
    for name, content in {**COMMON, **files}.items():
        if name.startswith(_PUBLISHED):
            continue
        if name not in links:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    for name, target in links.items():
        (root / name).symlink_to(target)


def fixed(files: Files) -> Files:
    """The files after every repair that is offered, safe or not, again and again until none is."""
    for _ in range(_ROUNDS):
        fixes = [one.fix for one in check_in_memory(files) if one.fix is not None]
        if not fixes:
            return files
        files = repaired(files, fixes)
    raise AssertionError(f"after {_ROUNDS} rounds repairs are still offered: {fixes}")


def repaired(files: Files, fixes: list[Fix]) -> Files:
    """The files after `fixes`; of those that touch each other, after the first."""
    changed = repair_files(texts_of(files), fixes).texts
    return {name: changed[name].encode() if name in changed else content for name, content in files.items()}


def texts_of(files: Files) -> dict[str, str]:
    """The texts of the files that are text, as a report quotes them."""
    decoded = {name: decode(name, content)[0] for name, content in files.items()}
    return {name: source.text for name, source in decoded.items() if source is not None}


def _combs(files: Files) -> list[str]:
    own = (name for name in files if not name.startswith(_PUBLISHED))
    return sorted(name for name in own if posixpath.basename(name) == _COMB)


def _published(files: Files) -> Files:
    """What a case says was published before."""
    old = {name.removeprefix(_PUBLISHED): content for name, content in files.items() if name.startswith(_PUBLISHED)}
    return {**COMMON, **old} if old else {}


def _against(files: Files) -> Against | None:
    published = _published(files)
    return Against("HEAD", MemoryCheckout(published), "", REMEMBERED) if published else None
