"""What a platform asks of gates, and what it waives: as its file was before the change, wherever it is part of it."""

import os
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.gate.baseline import Baseline
from comb_compiler.cli.opening import Clean
from comb_compiler.compiler import check
from comb_compiler.diagnostics import Diagnostic, codes, has_errors
from comb_compiler.gates.weakening import Waiver
from comb_compiler.source.sourceset import SourceSet, Unavailable
from comb_compiler.spec.platform import Platform
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.revision import Revision
from comb_compiler.workspace.sources import load_sources

__all__ = ["NO_TERMS", "Terms", "terms_of"]


class Terms(NamedTuple):
    """What counts for one comb.

    `detectable` is the smallest break that has to be seen in a noisy field; `first_samples` how many standard samples a
    first release needs; `floors` where the comb is below the platform's; `apart` the environments that want containers.
    """

    waivers: tuple[Waiver, ...] = ()
    detectable: float | None = None
    first_samples: int = 0
    floors: tuple[Diagnostic, ...] = ()
    apart: tuple[str, ...] = ()

    def promised(self, isolation: str, promise: str) -> str:
        """What a target's isolation is worth, and where on the platform that is too little."""
        if isolation == "container" or not self.apart:
            return promise
        return f"{promise}; it is no evidence for {', '.join(self.apart)}, which the gates have to ask in containers"


NO_TERMS = Terms()


def terms_of(path: str | None, candidate: Clean, baseline: Baseline | None) -> Terms:
    """The terms of a platform.yaml, of none without one. Raises UsageError for what is no platform.

    Of a file in the checkout that has the change, what the baseline has counts: who changes a comb may change what is
    beside it too. Where there is none yet, it is as it is now, and waives nothing.
    """
    if path is None:
        return NO_TERMS
    content, is_trusted = _read(path), True
    name = _inside(path, candidate.checkout)
    if name is not None:
        before = _before(name, candidate, baseline)
        content, is_trusted = before or content, before is not None
    platform = _platform(path, content)
    floors = [platform.floors.gates, *(one.floors.gates for one in platform.environments.values())]
    detectable = [float(one.detectable) for one in floors if one.detectable is not None]
    return Terms(
        _waivers(platform, candidate.plan.comb) if is_trusted else (),
        min(detectable, default=None),
        platform.first_release.samples,
        _floors(name or os.path.relpath(path, candidate.checkout.root), content, candidate),
        tuple(sorted(key for key, one in platform.environments.items() if one.isolation.value != "local")),
    )


def _inside(path: str, checkout: Checkout) -> str | None:
    """A file's path in a checkout, as it is named or as it leads there; None where it is not part of it.

    Wherever a link leads that is part of the checkout: the change may have made it.
    """
    for one in (path, os.path.realpath(path)):
        found = checkout.relative(one)
        if not isinstance(found, Unavailable):
            return found
    return None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise UsageError(f"--platform {path}: {(problem.strerror or 'it cannot be read').lower()}") from problem


def _before(name: str, candidate: Clean, baseline: Baseline | None) -> bytes | None:
    if baseline is None:
        return None
    if baseline.commit:
        found = Revision(candidate.checkout.root, baseline.commit).read(name)
    elif os.path.realpath(baseline.comb.checkout.root) != os.path.realpath(candidate.checkout.root):
        found = Checkout(baseline.comb.checkout.root).read(name)
    else:
        return None
    return None if isinstance(found, Unavailable) else found


def _platform(path: str, content: bytes) -> Platform:
    checked = check(SourceSet("platform.yaml", {"platform.yaml": content}))
    bound = checked.platform
    if bound is None or bound.value is None or has_errors(checked.diagnostics):
        what = "has mistakes: `comb check` shows them" if checked.kind == "Platform" else "is no Platform"
        raise UsageError(f"--platform {path}: that file {what}")
    return bound.value


def _floors(name: str, content: bytes, candidate: Clean) -> tuple[Diagnostic, ...]:
    """Where the comb is below the floors, as `comb check --platform` says it."""
    checked = check(load_sources(candidate.checkout, candidate.main), SourceSet(name, {name: content}))
    return tuple(one for one in checked.diagnostics if one.code == codes.BELOW_FLOOR)


def _waivers(platform: Platform, comb: str) -> tuple[Waiver, ...]:
    named = ((name, one) for name, one in platform.waivers.items() if one.comb == comb)
    return tuple(Waiver(name, one.weakens, one.to or "", one.by, one.why, one.until) for name, one in named)
