"""The wheels of an image as comb.lock pins them, and the runtime of this installation."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.image.bases import Locked
from comb_compiler.cli.opening import Clean
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.spec.lock import LockFile, read_lock
from comb_compiler.spec.wheelpins import PinnedWheel
from comb_compiler.workspace.errors import OutsideFailure
from comb_compiler.workspace.lockwheels import has_conditions, has_gpus, wheel_findings
from comb_compiler.workspace.sources import load_sources

if TYPE_CHECKING:
    from comb_compiler.images.bases import Found
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import Base
    from comb_compiler.images.targets import Target

__all__ = ["locked_bases", "locked_targets", "locked_wheels", "runtime_of", "wheels_for"]


def locked_wheels(clean: Clean, base: "Base", layout: "ImageLayout", scratch: Path) -> list[Path]:
    """The wheels for a base, fetched where they are not kept; the runtime's own is written into `scratch`.

    Raises UsageError where comb.lock has none for it, or those of other requirements, and OutsideFailure where an index
    fails.
    """
    from comb_compiler.images.bases import look_into
    from comb_compiler.images.ownwheel import runtime_wheel
    from comb_compiler.images.pip import PipFailed
    from comb_compiler.images.requirements import Wheel, fetch

    targets = locked_targets(clean)
    target, wheels = wheels_for(targets, look_into(base, layout), base)
    cache = Path(default_directory(), "wheels")
    try:
        kept = fetch([Wheel(*one) for one in wheels], target, cache)
    except PipFailed as failure:
        raise OutsideFailure(str(failure)) from failure
    except OSError as problem:
        raise OutsideFailure(f"wheels cannot be kept in `{cache}`: {problem.strerror}") from problem
    return [runtime_wheel(scratch, runtime_of(clean)), *kept]


def locked_targets(clean: Clean) -> Mapping[str, tuple[PinnedWheel, ...]]:
    """The wheels that comb.lock pins, by target. Raises UsageError where they are those of other requirements."""
    from comb_compiler.cli.requiring import Requiring

    comb = clean.compiled.checked.comb
    assert comb is not None
    lock = _read(clean)
    packages = Requiring((), lambda text: None, upgrade=False)
    wrong = wheel_findings(clean.checkout, clean.main, comb, lock, packages)
    if wrong:
        raise UsageError(f"{wrong[0].message}: run `comb lock`, or give --wheels")
    locked = lock.lock.requirements if lock is not None else None
    return locked.targets if locked is not None else {}


def locked_bases(clean: Clean) -> Locked:
    """What comb.lock says of bases."""
    lock = _read(clean)
    if lock is None:
        return Locked()
    requirements = lock.lock.requirements
    return Locked(lock.lock.bases, tuple(requirements.targets) if requirements is not None else ())


def _read(clean: Clean) -> LockFile | None:
    return read_lock(load_sources(clean.checkout, clean.main, VerdictCache(default_directory()).memo))[0]


def runtime_of(clean: Clean) -> tuple[str, ...]:
    """What the runtime requires for this comb."""
    from comb_compiler.images.ownwheel import runtime_requirements

    comb = clean.compiled.checked.comb
    assert comb is not None
    return runtime_requirements(conditions=has_conditions(comb), gpus=has_gpus(comb))


def wheels_for(
    targets: Mapping[str, tuple[PinnedWheel, ...]], found: "Found", base: "Base"
) -> "tuple[Target, tuple[PinnedWheel, ...]]":
    """The target that is nearest to a base, and its wheels: of those that its glibc takes the newest, else the oldest.

    Raises UsageError, with what to lock, where comb.lock has none of its kind.
    """
    from comb_compiler.images.targets import parse_target, target_of

    architecture = base.config["architecture"]
    kinds = [(target, wheels) for name, wheels in targets.items() if (target := parse_target(name)) is not None]
    running = sorted(one for one in kinds if one[0].runs_on(found, architecture))
    if running:
        taken = [one for one in running if found.version is not None and one[0].newest <= found.version]
        return taken[-1] if taken else running[0]
    wanted = target_of(found, architecture)
    raise UsageError(
        f"comb.lock pins no wheels for {base.name}, which has {wanted.words}: "
        f"run `comb lock . --target {wanted.name}`, or give --wheels"
    )
