"""The wheels that a comb.lock pins: whether they are still those that are asked for, and which ones to pin."""

from typing import NamedTuple, Protocol

from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.spec.combfile import CombFile
from comb_compiler.spec.lock import LockFile
from comb_compiler.spec.requirements import Required, requirements_digest
from comb_compiler.spec.wheelpins import Requirements
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.requirements import read_required

__all__ = ["Packages", "WheelsToLock", "has_conditions", "has_gpus", "wheel_findings", "wheels_to_lock"]


class Packages(Protocol):
    """Who knows wheels."""

    def runtime(self, *, conditions: bool, gpus: bool) -> tuple[str, ...]:
        """What the runtime requires, a requirement each; `conditions` and `gpus` for a comb that has any."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that are asked for by name; none: those that a lock has, or one that fits."""

    def resolve(
        self, required: Required, runtime: tuple[str, ...], targets: tuple[str, ...], known: Requirements | None
    ) -> tuple[Requirements | None, tuple[Diagnostic, ...]]:
        """The wheels of these targets, of the runtime's requirements too; none where something cannot be had.

        Wheels of `known` hold: they are of the same requirements. Raises OutsideFailure.
        """


class WheelsToLock(NamedTuple):
    """What goes into a lock; None: nothing does, or `diagnostics` and `failures` say why it is not known."""

    requirements: Requirements | None
    diagnostics: tuple[Diagnostic, ...] = ()
    failures: tuple[OutsideFailure, ...] = ()


def wheels_to_lock(
    checkout: Checkout, main: str, comb: CombFile, lock: LockFile | None, packages: Packages | None
) -> WheelsToLock:
    """The wheels of a comb for its lock. Without `packages`, those that it has stay."""
    before = lock.lock.requirements if lock is not None else None
    required, wrong = read_required(checkout, main)
    if wrong or packages is None:
        return WheelsToLock(before, wrong)
    targets = packages.targets or (tuple(before.targets) if before is not None else ())
    if required is None and not targets:
        return WheelsToLock(None)
    wanted = required or Required()
    runtime = packages.runtime(conditions=has_conditions(comb), gpus=has_gpus(comb))
    known = before if before is not None and before.sha256 == requirements_digest(wanted, runtime) else None
    try:
        return WheelsToLock(*packages.resolve(wanted, runtime, targets, known))
    except OutsideFailure as failure:
        return WheelsToLock(None, (), (failure,))


def wheel_findings(
    checkout: Checkout, main: str, comb: CombFile, lock: LockFile | None, packages: Packages | None
) -> tuple[Diagnostic, ...]:
    """What is wrong with a comb's requirements, and that its lock has none of their wheels, or those of others.

    Whether they are of others only `packages` can tell, since the runtime's requirements count too.
    """
    required, wrong = read_required(checkout, main)
    locked = lock.lock.requirements if lock is not None else None
    if wrong or lock is None or (required is None and locked is None):
        return wrong
    if locked is None:
        assert required is not None
        file = required.files[0]
        message = f"comb.lock pins no wheels, and `{file}` says what is required"
        return (_stale(message, Span.whole_file(file)),)
    if packages is None:
        return ()
    runtime = packages.runtime(conditions=has_conditions(comb), gpus=has_gpus(comb))
    if locked.sha256 == requirements_digest(required or Required(), runtime):
        return ()
    message = "comb.lock has the wheels of other requirements than those that there are"
    return (_stale(message, lock.span("requirements", "sha256")),)


def has_conditions(comb: CombFile) -> bool:
    """Whether something in any variant of a comb hangs on a condition, which takes a library."""
    values = [variant.value for variant in comb.variants if variant.value is not None]
    return any(any(node.when is not None for node in one.graph.values()) or bool(one.recording.marks) for one in values)


def has_gpus(comb: CombFile) -> bool:
    """Whether an operator in any variant of a comb asks for a GPU, of which records and metrics tell what it takes."""
    values = [variant.value for variant in comb.variants if variant.value is not None]
    return any(one.resources.gpu is not None for value in values for one in value.operators.values())


def _stale(message: str, span: Span) -> Diagnostic:
    return diagnose(codes.STALE_LOCK, message, span, hints=("run `comb lock`, and commit what it writes",))
