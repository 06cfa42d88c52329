"""What an image requires, found by pip for `comb lock`: for the targets that are named, or for one that does."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from comb_compiler.diagnostics import Diagnostic, Span
from comb_compiler.spec.requirements import Required, Requirement, bad_requirement, requirements_digest
from comb_compiler.spec.wheelpins import PinnedWheel, Requirements
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.images.requirements import Unresolved, Wheel
    from comb_compiler.images.targets import Target

__all__ = ["Requiring"]

_OWN_DOCKERFILE = "an image is made of wheels; what must be built needs a Dockerfile: `comb image dockerfile`"


class Requiring:
    """Wheels by pip, which asks the index that it is configured with. `note` is told why a base was chosen."""

    def __init__(self, targets: Iterable[str], note: Callable[[str], None], *, upgrade: bool) -> None:
        self.targets = tuple(targets)
        self._upgrade = upgrade
        self._note = note

    def runtime(self, *, conditions: bool, gpus: bool) -> tuple[str, ...]:
        """What the runtime of this installation requires."""
        from comb_compiler.images.ownwheel import runtime_requirements

        return runtime_requirements(conditions=conditions, gpus=gpus)

    def resolve(
        self, required: Required, runtime: tuple[str, ...], targets: tuple[str, ...], known: Requirements | None
    ) -> tuple[Requirements | None, tuple[Diagnostic, ...]]:
        """The wheels of these targets; of none, those of the smallest base that has all. Raises OutsideFailure."""
        from comb_compiler.images.requirements import Unresolved
        from comb_compiler.images.targets import ALPINE, SLIM, parse_target

        found: dict[str, tuple[PinnedWheel, ...]] = {}
        digest = requirements_digest(required, runtime)
        why = ""
        if not targets:
            small = self._resolved(required, runtime, ALPINE)
            if not isinstance(small, Unresolved):
                self._note("a base as python:3.12-alpine does: every wheel is there for musl")
                return Requirements(digest, {ALPINE.name: small}), ()
            targets, why = (SLIM.name,), f"the base is as python:3.12-slim, not alpine: {small.words}"
        for name in targets:
            target = parse_target(name)
            assert target is not None
            wheels = known.targets.get(name) if known is not None and not self._upgrade else None
            made = wheels if wheels is not None else self._resolved(required, runtime, target)
            if isinstance(made, Unresolved):
                return None, (self._unresolved(required, runtime, target, made),)
            wrong = _other_bytes(required, made)
            if wrong is not None:
                return None, (wrong,)
            found[name] = made
        if why:
            self._note(why)
        return Requirements(digest, found), ()

    def _resolved(
        self, required: Required, runtime: tuple[str, ...], target: "Target"
    ) -> "tuple[PinnedWheel, ...] | Unresolved":
        from comb_compiler.images.model import ImageError
        from comb_compiler.images.pip import PipFailed
        from comb_compiler.images.requirements import Unresolved, resolve

        wanted = [*runtime, *(one.line for one in required.wanted)]
        try:
            found = resolve(wanted, [one.line for one in required.limits], target)
        except PipFailed as failure:
            raise OutsideFailure(str(failure)) from failure
        except ImageError as problem:
            return Unresolved(str(problem), ())
        return found if isinstance(found, Unresolved) else _pinned(found)

    def _unresolved(
        self, required: Required, runtime: tuple[str, ...], target: "Target", found: "Unresolved"
    ) -> Diagnostic:
        from comb_compiler.images.requirements import Unresolved

        other = target.on("glibc" if target.libc == "musl" else "musl")
        would_do = not isinstance(self._resolved(required, runtime, other), Unresolved)
        hint = f"a base with {other.libc} would do: `--target {other.name}`" if would_do else _OWN_DOCKERFILE
        message = f"there are no such wheels for {target.words}: {found.words}"
        return bad_requirement(message, _place(required, found.names), hint)


def _pinned(wheels: "tuple[Wheel, ...]") -> tuple[PinnedWheel, ...]:
    return tuple(PinnedWheel(*one) for one in wheels)


def _place(required: Required, names: tuple[str, ...]) -> Span:
    """Where the first package that pip names is required; else the file as a whole."""
    by_name: dict[str, Requirement] = {one.name: one for one in (*required.limits, *required.wanted)}
    named = next((by_name[name] for name in names if name in by_name), None)
    if named is not None:
        return named.span
    return Span.whole_file(required.files[0] if required.files else "comb.lock")


def _other_bytes(required: Required, wheels: tuple[PinnedWheel, ...]) -> Diagnostic | None:
    """That an index has other bytes for a package than a hash that is required."""
    for wheel in wheels:
        name = re.sub(r"[-_.]+", "-", wheel.file.partition("-")[0]).lower()
        hashes = required.hashes(name)
        if hashes and wheel.sha256 not in hashes:
            message = f"{wheel.file} has the SHA-256 {wheel.sha256}, which is none of those that are required"
            hint = "find out who changed it; a lock of uv or pip has the hashes of the day on which it was written"
            return bad_requirement(message, _place(required, (name,)), hint)
    return None
