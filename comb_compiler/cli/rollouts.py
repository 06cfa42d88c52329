"""`--onto DIR --candidate STEP`: a comb laid beside its stable release, for a part of the users."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.compiler.rollout import BadStable, Stable, read_stable, render_step
from comb_compiler.plan.wording import percent
from comb_compiler.workspace.directories import ForeignFiles, read_directory

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered

__all__ = ["as_candidates"]

_SHARE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,20})?%")


def as_candidates(rendered: "Rendered", onto: str, step: str) -> "Rendered":
    """A comb as a candidate beside what the directory `onto` holds of it, in each cluster. Raises UsageError."""
    if not rendered.clusters:
        return rendered
    share = _share(rendered, step)
    clusters = []
    for one in rendered.clusters:
        try:
            clusters.append(render_step(one, _stable(onto, one.directory), share))
        except BadStable as refused:
            raise UsageError(f"--onto {Path(onto, one.directory)}: {refused}") from refused
    return rendered._replace(clusters=tuple(clusters))


def _share(rendered: "Rendered", step: str) -> Decimal:
    """One of the steps of the comb's rollout."""
    plan = rendered.plan
    assert plan is not None
    if plan.traffic.rollout is None:
        raise UsageError(f"--candidate {step}: `{plan.comb}` has no `rollout`, and so no steps")
    steps = {percent(one): one for one in plan.traffic.rollout.steps}
    asked = Decimal(step[:-1]) / 100 if _SHARE.fullmatch(step) else None
    if asked is None or asked not in steps.values():
        raise UsageError(f"--candidate {step}: the steps of `{plan.comb}` are {', '.join(steps)}")
    return asked


def _stable(onto: str, directory: str) -> Stable:
    files: Mapping[str, bytes]
    try:
        files = read_directory(Path(onto), directory)
    except ForeignFiles as refused:
        raise UsageError(f"--onto {onto}: {refused}") from refused
    return read_stable(files)
