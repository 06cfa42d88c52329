"""`comb lock`: the artifacts of combs, pinned in comb.lock; and `comb lock --check`: whether they still are."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Severity, Span, codes, in_reading_order
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import SourceSet, Unavailable, decode
from comb_compiler.spec import CombFile, bind_comb
from comb_compiler.spec.artifact_uri import LocalFile, PackageFile, parse_artifact_uri
from comb_compiler.spec.basepins import PinnedBase
from comb_compiler.spec.files import beside
from comb_compiler.spec.loading import read_once
from comb_compiler.spec.lock import (
    Lock,
    LockFile,
    Pin,
    is_of_later_comb,
    lock_bytes,
    lock_path,
    make_lock,
    read_lock,
)
from comb_compiler.spec.locked import interface_findings, promised
from comb_compiler.spec.pins import Artifact, Digest, artifacts_of, pin_findings, unavailable_artifact
from comb_compiler.spec.published import Interface
from comb_compiler.workspace.artifacts import PATIENCE, Progress, digest_artifact
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.lockwheels import Packages, wheel_findings, wheels_to_lock
from comb_compiler.workspace.sources import load_sources
from comb_compiler.workspace.writing import replace_file

__all__ = ["Bases", "LockReport", "changed_artifacts", "check_locks", "write_locks"]


Bases = Callable[[tuple[PinnedBase, ...]], tuple[PinnedBase, ...]]
"""The images that a lock has → those that it is to have. Raises OutsideFailure."""


class LockReport(NamedTuple):
    """One comb and its lock: `before` as it was (None: none that can be read), `after` as its artifacts are now.

    `after` is None where that is not known: `diagnostics` say what the files are to blame for, `failures` what is
    outside. `written` says whether the file at `path` has changed.
    """

    main: str
    path: str
    before: Lock | None
    after: Lock | None
    written: bool
    diagnostics: tuple[Diagnostic, ...]
    failures: tuple[OutsideFailure, ...]


def write_locks(
    checkout: Checkout,
    mains: Iterable[str],
    *,
    patience: float = PATIENCE,
    progress: Progress | None = None,
    packages: Packages | None = None,
    bases: Bases | None = None,
) -> tuple[LockReport, ...]:
    """Bring the comb.lock of every one of `mains`, paths of comb.yaml files, up to date with the artifacts themselves.

    A lock is written as a whole, when every artifact of its comb could be read and no digest that comb.yaml states is
    another, and only when its bytes change. Whatever fails, the rest is read and said too. `packages` finds the wheels
    of what is required, and `bases` says which images to build on; without, those that a lock has stay.
    """
    artifacts = _Artifacts(checkout, patience, progress)
    return tuple(_write(artifacts, main, packages, bases) for main in mains)


def check_locks(
    checkout: Checkout,
    mains: Iterable[str],
    *,
    patience: float = PATIENCE,
    progress: Progress | None = None,
    packages: Packages | None = None,
) -> tuple[LockReport, ...]:
    """Read every artifact of `mains` and compare it with what comb.yaml and comb.lock say; nothing is written.

    No finding and no failure means that everything is pinned, that all bytes are those that are pinned, and that the
    lock holds nothing else.
    """
    artifacts = _Artifacts(checkout, patience, progress)
    return tuple(_check(artifacts, main, packages) for main in mains)


def changed_artifacts(
    checkout: Checkout, main: str, comb: CombFile, lock: LockFile | None, uris: Iterable[str]
) -> tuple[Diagnostic, ...]:
    """Of the artifacts `uris`, those on this machine (files of the checkout, of packages) that are not as pinned.

    What is elsewhere is not read: whoever fetches it compares its digest.
    """
    wanted = frozenset(uris)
    used = [one for one in artifacts_of(comb) if one.uri in wanted and _is_at_hand(one.uri)]
    measured = _Artifacts(checkout, PATIENCE, None).measure(main, used)
    found = pin_findings(comb, lock, measured.digests)
    changed = [finding for finding in found if finding.code is codes.DIGEST_MISMATCH]
    return in_reading_order([*measured.diagnostics, *changed])


def _is_at_hand(uri: str) -> bool:
    return isinstance(parse_artifact_uri(uri), LocalFile | PackageFile)


class _Measured(NamedTuple):
    """What is known of a comb's artifacts, and why the rest is not."""

    digests: dict[str, Digest]
    diagnostics: list[Diagnostic]
    failures: list[OutsideFailure]


class _Artifacts:
    """Artifacts of several combs; each is read once."""

    def __init__(self, checkout: Checkout, patience: float, progress: Progress | None) -> None:
        self.checkout = checkout
        self._patience = patience
        self._progress = progress
        self._known: dict[tuple[str, str], Digest | Unavailable | OutsideFailure] = {}

    def measure(self, main: str, artifacts: Iterable[Artifact]) -> _Measured:
        """Read them all, whatever becomes of any."""
        measured = _Measured({}, [], [])
        for artifact in artifacts:
            found = self._digest(main, artifact.uri)
            if isinstance(found, Digest):
                measured.digests[artifact.uri] = found
            elif isinstance(found, OutsideFailure):
                measured.failures.append(found)
            elif found.code is not codes.REFUSED_ARTIFACT:  # which needs no reading to be said
                measured.diagnostics.append(unavailable_artifact(artifact, found))
        return measured

    def _digest(self, main: str, uri: str) -> Digest | Unavailable | OutsideFailure:
        parsed = parse_artifact_uri(uri)
        key = ("file", beside(main, parsed.path)) if isinstance(parsed, LocalFile) else ("uri", uri)
        if key not in self._known:
            try:
                found: Digest | Unavailable | OutsideFailure = digest_artifact(
                    self.checkout, main, uri, patience=self._patience, progress=self._progress
                )
            except OutsideFailure as failure:
                found = failure
            self._known[key] = found
        return self._known[key]


class _Loaded(NamedTuple):
    """A comb that is right as far as it can be said without its artifacts; else None, and what is wrong."""

    sources: SourceSet
    comb: CombFile | None
    errors: tuple[Diagnostic, ...] = ()


def _load(checkout: Checkout, main: str) -> _Loaded:
    sources = load_sources(checkout, main)
    content = sources.files[main]
    if isinstance(content, Unavailable):
        return _Loaded(sources, None, (_unavailable(main, content),))
    source, refused = decode(main, content)
    if source is None:
        return _Loaded(sources, None, tuple(refused))
    reading = read_once(source)
    if reading.root is None or reading.kind != "Comb":
        return _Loaded(sources, None, reading.diagnostics)
    comb = bind_comb(reading)
    errors = tuple(found for found in comb.diagnostics if found.severity is Severity.ERROR)
    return _Loaded(sources, None if errors else comb, errors)


def _write(artifacts: _Artifacts, main: str, packages: Packages | None, bases: Bases | None) -> LockReport:
    sources, comb, errors = _load(artifacts.checkout, main)
    path = lock_path(main)
    if comb is None:
        return LockReport(main, path, None, None, False, errors, ())
    lock, wrong = read_lock(sources)
    before = sources.files.get(path)
    if wrong and (not isinstance(before, bytes) or is_of_later_comb(before)):
        return LockReport(main, path, None, None, False, wrong, ())
    used = artifacts_of(comb)
    measured = artifacts.measure(main, used)
    found = [*measured.diagnostics, *_without(codes.UNPINNED_ARTIFACT, pin_findings(comb, None, measured.digests))]
    wheels = wheels_to_lock(artifacts.checkout, main, comb, lock, packages)
    found += wheels.diagnostics
    images, silent = _based(lock, bases)
    failures = (*measured.failures, *wheels.failures, *silent)
    pinned = _pinned(used, measured, _interface(sources, comb, lock)) if not found and not failures else None
    after = pinned._replace(requirements=wheels.requirements, bases=images) if pinned is not None else None
    report = LockReport(main, path, lock.lock if lock else None, after, False, in_reading_order(found), failures)
    if after is None or (after == Lock() and not isinstance(before, bytes)) or lock_bytes(after) == before:
        return report
    return _replaced(artifacts.checkout, report, lock_bytes(after))


def _based(lock: LockFile | None, bases: Bases | None) -> tuple[tuple[PinnedBase, ...], tuple[OutsideFailure, ...]]:
    """The images to build on, and why they are not known."""
    before = lock.lock.bases if lock is not None else ()
    try:
        return before if bases is None else bases(before), ()
    except OutsideFailure as failure:
        return before, (failure,)


def _replaced(checkout: Checkout, report: LockReport, content: bytes) -> LockReport:
    try:
        reason = replace_file(checkout, report.path, content)
    except OutsideFailure as failure:
        return report._replace(failures=(failure,))
    if reason is not None:
        return report._replace(diagnostics=(_unavailable(report.path, reason),))
    return report._replace(written=True)


def _check(artifacts: _Artifacts, main: str, packages: Packages | None) -> LockReport:
    sources, comb, errors = _load(artifacts.checkout, main)
    path = lock_path(main)
    if comb is None:
        return LockReport(main, path, None, None, False, errors, ())
    lock, wrong = read_lock(sources)
    used = artifacts_of(comb)
    measured = artifacts.measure(main, used)
    found = [*pin_findings(comb, lock, measured.digests), *interface_findings(comb.base, sources.protos, lock)]
    if lock is None:
        found = [*_without(codes.UNPINNED_ARTIFACT, found), *(wrong or _missing(comb, used, path))]
    found += wheel_findings(artifacts.checkout, main, comb, lock, packages)
    after = _pinned(used, measured, _interface(sources, comb, lock)) if len(measured.digests) == len(used) else None
    if after is not None and lock is not None:
        after = after._replace(requirements=lock.lock.requirements, bases=lock.lock.bases)
    said = in_reading_order([*found, *measured.diagnostics])
    return LockReport(main, path, lock.lock if lock else None, after, False, said, tuple(measured.failures))


def _pinned(used: Iterable[Artifact], measured: _Measured, interface: Interface | None) -> Lock:
    pins = (Pin(artifact.uri, *measured.digests[artifact.uri], artifact.models) for artifact in used)
    return make_lock(pins, interface)


def _interface(sources: SourceSet, comb: CombFile, lock: LockFile | None) -> Interface | None:
    """What the comb promises; where that is wrong, which is said by `comb check`, the lock keeps what it has."""
    return promised(comb.base, sources.protos) or (lock.lock.interface if lock else None)


def _missing(comb: CombFile, used: tuple[Artifact, ...], path: str) -> list[Diagnostic]:
    if not used:
        return []
    models = comb.base.place("models")
    span = models.key_span if models.path else used[0].uses[0].artifact.span
    message = f"there is no `{path}` to pin the {len(used)} artifact{'s' if len(used) > 1 else ''} of this comb"
    hints = ("run `comb lock`, and commit what it writes",)
    return [diagnose(codes.STALE_LOCK, message, span, hints=hints)]


def _without(code: codes.Code, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [diagnostic for diagnostic in found if diagnostic.code is not code]


def _unavailable(path: str, reason: Unavailable) -> Diagnostic:
    hints = (reason.hint,) if reason.hint else ()
    return diagnose(reason.code, reason.message, Span.whole_file(path), hints=hints)
