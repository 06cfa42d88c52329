"""`--onto DIR`: a comb as it follows what is published; with `--candidate STEP` laid beside it."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.compiler.handover import handed_over
from comb_compiler.compiler.rollout import BadStable, read_stable, render_step
from comb_compiler.plan.wording import percent
from comb_compiler.workspace.directories import ForeignFiles, read_directory

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered, RenderedCluster

__all__ = ["following"]

_SHARE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,20})?%")


def following(rendered: "Rendered", onto: str, step: str | None) -> "Rendered":
    """A comb after what the directory `onto` holds of it, in each cluster; a candidate beside that, where a step is
    given. Raises UsageError.
    """
    if not rendered.clusters:
        return rendered
    share = None if step is None else _share(rendered, step)
    clusters = []
    for one in rendered.clusters:
        try:
            clusters.append(_follows(one, _files(onto, one.directory), share))
        except BadStable as refused:
            raise UsageError(f"--onto {Path(onto, one.directory)}: {refused}") from refused
    return rendered._replace(clusters=tuple(clusters))


def _follows(one: "RenderedCluster", files: Mapping[str, bytes], share: Decimal | None) -> "RenderedCluster":
    if share is not None:
        return render_step(one, read_stable(files), share)
    return handed_over(one, read_stable(files)) if files else one


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


def _files(onto: str, directory: str) -> Mapping[str, bytes]:
    try:
        return read_directory(Path(onto), directory)
    except ForeignFiles as refused:
        raise UsageError(f"--onto {onto}: {refused}") from refused
