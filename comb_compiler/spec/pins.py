"""A comb against its comb.lock, and against the bytes themselves where they are known."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.bounds import bounded
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.source import Path, Unavailable
from comb_compiler.spec.artifact_uri import parse_artifact_uri, without_secrets
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.combfile import CombFile
from comb_compiler.spec.lock import LockFile, Pin
from comb_compiler.spec.places import Place, format_path

__all__ = ["Artifact", "Digest", "Use", "artifacts_of", "pin_findings", "unavailable_artifact"]


class Digest(NamedTuple):
    """What bytes are: their SHA-256 in lower-case hexadecimal, and how many there are."""

    sha256: str
    size: int


class Use(NamedTuple):
    """A model version that names an artifact, at `path` of a variant; `stated` is the digest that it gives."""

    model: str
    bound: Bound[Comb]
    path: Path
    stated: str | None

    @property
    def artifact(self) -> Place:
        """Where it names the artifact."""
        return self.bound.place(*self.path, "artifact")

    @property
    def digest(self) -> Place:
        """Where it gives the digest."""
        return self.bound.place(*self.path, "sha256")

    @property
    def is_pinned(self) -> bool:
        """Whether it gives a digest, be it a wrong one."""
        return self.digest.path[-1:] == ("sha256",)


class Artifact(NamedTuple):
    """A URI, and all that use it, in the file's order: the comb's model versions, then those of its arms."""

    uri: str
    uses: tuple[Use, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The `model@version`s that use it, sorted."""
        return tuple(sorted({use.model for use in self.uses}))


def artifacts_of(comb: CombFile) -> tuple[Artifact, ...]:
    """Every artifact that the comb and its arms name, sorted by URI, each once."""
    uses: dict[str, dict[object, Use]] = {}
    own = comb.base.value.models if comb.base.value else {}
    others = [arm for arm in comb.arms.values() if arm.value is not None and arm.value.models is not own]
    for bound in (comb.base, *others):
        for name, model in (bound.value.models if bound.value else {}).items():
            for version, declared in model.versions.items():
                use = Use(f"{name}@{version}", bound, ("models", name, "versions", version), declared.sha256)
                key: object = use.model
                if others:  # an arm shares what it does not change with the comb, places included
                    key = (use.model, use.stated, use.artifact.value.offsets, use.digest.value.offsets)
                uses.setdefault(declared.artifact, {}).setdefault(key, use)
    return tuple(Artifact(uri, tuple(uses[uri].values())) for uri in sorted(uses))


def pin_findings(
    comb: CombFile, lock: LockFile | None, measured: Mapping[str, Digest] | None = None
) -> list[Diagnostic]:
    """Artifacts that are refused, not pinned, or pinned to other bytes, and what the lock holds in vain.

    `measured` are the digests of the bytes by URI, as far as they are known; `lock` is None where there is none.
    """
    readable = comb.base.is_sound("models")
    return list(bounded(_findings(artifacts_of(comb), lock, measured or {}, readable)))


def _findings(
    artifacts: tuple[Artifact, ...], lock: LockFile | None, measured: Mapping[str, Digest], readable: bool
) -> Iterator[Diagnostic]:
    locked = _locked(lock)
    for artifact in artifacts:
        refusal = parse_artifact_uri(artifact.uri)
        if isinstance(refusal, Unavailable):
            yield unavailable_artifact(artifact, refusal)
            continue
        pinned = locked.get(artifact.uri)
        yield from _unpinned(artifact, lock, pinned)
        actual = measured.get(artifact.uri)
        yield from _of_bytes(artifact, pinned, actual) if actual else _of_words(artifact, pinned)
    if not readable:  # what cannot be read may be what uses them
        return
    known = {artifact.uri for artifact in artifacts}
    yield from (_left_over(pin) for uri, pin in locked.items() if uri not in known)


def unavailable_artifact(artifact: Artifact, reason: Unavailable) -> Diagnostic:
    """That its bytes cannot be had, where it is named."""
    return _at(artifact, reason.code, reason.message, reason.hint)


class _Locked(NamedTuple):
    """A pin, and where the lock says it."""

    pin: Pin
    lock: LockFile
    number: int

    def label(self, field: str, text: str) -> Label:
        return Label(self.lock.span("artifacts", self.number, field), text)


def _locked(lock: LockFile | None) -> dict[str, _Locked]:
    if lock is None:
        return {}
    return {pin.uri: _Locked(pin, lock, number) for number, pin in enumerate(lock.lock.artifacts)}


def _unpinned(artifact: Artifact, lock: LockFile | None, locked: _Locked | None) -> Iterator[Diagnostic]:
    shown = without_secrets(artifact.uri)
    if locked is not None:
        if set(locked.pin.models) != set(artifact.models):
            users = ", ".join(f"`{model}`" for model in artifact.models)
            label = locked.label("models", "the lock names others")
            yield _stale(label, f"`{shown}` is used by {users}")
    elif not any(use.is_pinned for use in artifact.uses):
        hint = "run `comb lock`, which pins it in comb.lock, or state its `sha256` here"
        yield _at(artifact, codes.UNPINNED_ARTIFACT, f"nothing says which bytes `{shown}` must have", hint)
    elif lock is not None:
        yield _at(artifact, codes.STALE_LOCK, f"comb.lock does not know `{shown}`", _RUN_LOCK)


def _of_bytes(artifact: Artifact, locked: _Locked | None, actual: Digest) -> Iterator[Diagnostic]:
    """Everything that is said of an artifact's bytes, against the bytes."""
    shown = without_secrets(artifact.uri)
    hints = (
        f"its bytes have the SHA-256 {actual.sha256}",
        "if it was meant to change, write that; if not, find out who changed it before anything uses it",
    )
    for use in artifact.uses:
        if use.stated not in (None, actual.sha256):
            yield _mismatch(use.digest, f"the bytes of `{shown}` are not those that are stated", hints)
    if locked is None:
        return
    if locked.pin.sha256 != actual.sha256:
        label = locked.label("sha256", "")
        related = (Label(artifact.uses[0].artifact.span, "the artifact"),)
        message = f"the bytes of `{shown}` are not those that were locked"
        hints = (hints[0], "if it was meant to change, run `comb lock`; if not, find out who changed it")
        yield diagnose(codes.DIGEST_MISMATCH, message, label.span, related=related, hints=hints)
    elif locked.pin.size != actual.size:
        message = f"`{shown}` has {actual.size:,} bytes, not {locked.pin.size:,}"
        yield _stale(locked.label("size", ""), message)


def _of_words(artifact: Artifact, locked: _Locked | None) -> Iterator[Diagnostic]:
    """Where the bytes are not at hand: whatever is said of them must at least agree."""
    stating = [use for use in artifact.uses if use.stated is not None]
    said = locked.pin.sha256 if locked else stating[0].stated if stating else None
    for use in stating:
        if use.stated != said:
            first = locked.label("sha256", "the lock says") if locked else Label(stating[0].digest.span, "stated here")
            message = f"`{without_secrets(artifact.uri)}` has two digests, of which only one can be right"
            hint = "run `comb lock`: it reads the bytes, and says which of the two is wrong"
            yield _mismatch(use.digest, message, (hint,), (first,))


def _left_over(locked: _Locked) -> Diagnostic:
    return _stale(locked.label("uri", ""), f"no model uses `{without_secrets(locked.pin.uri)}` any more")


_RUN_LOCK = "run `comb lock`, and commit what it writes"


def _stale(label: Label, message: str) -> Diagnostic:
    return diagnose(codes.STALE_LOCK, message, label.span, label=label.text, hints=(_RUN_LOCK,))


def _mismatch(at: Place, message: str, hints: tuple[str, ...], related: tuple[Label, ...] = ()) -> Diagnostic:
    code = codes.DIGEST_MISMATCH
    return diagnose(code, message, at.span, related=(*at.related, *related), path=format_path(at.path), hints=hints)


def _at(artifact: Artifact, code: codes.Code, message: str, hint: str) -> Diagnostic:
    """A finding where the artifact is first named; where else it is, is related."""
    first, *others = (use.artifact for use in artifact.uses)
    also = tuple(Label(other.span, "named here too") for other in others if other.span != first.span)
    return diagnose(
        code,
        message,
        first.span,
        related=(*first.related, *also),
        path=format_path(first.path),
        hints=(hint,) if hint else (),
    )
