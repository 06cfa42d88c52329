"""Whether what is to be published was proven, where the platform asks for that."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError

if TYPE_CHECKING:
    from comb_compiler.cli.repositories import Target
    from comb_compiler.compiler.render import Rendered

__all__ = ["proven"]


def proven(target: "Target", rendered: "list[Rendered]", file: str | None, origin: str) -> tuple[tuple[str, str], ...]:
    """What the commit says of evidence. Raises Refused where it is asked for, and there is none that counts.

    `origin` is the address that the sources came from.
    """
    from comb_compiler.publish import Refused
    from comb_compiler.publish.evidence import Asked, check_evidence, repository_name

    environment = target.platform.environments[target.environment]
    releases = [cluster.release for one in rendered for cluster in one.clusters]
    if environment.evidence and any(one.unbuilt for one in releases):
        raise Refused(f"`{target.environment}` takes releases with evidence only, and nothing proves images not built")
    if file is None:
        if environment.evidence:
            raise Refused(
                f"`{target.environment}` takes releases with signed evidence of their gates only: --evidence FILE"
            )
        return ()
    publishers = {name: one.key for name, one in target.platform.environment_repository.publishers.items()}
    if not publishers:
        raise UsageError("--evidence: platform.yaml names no trusted publishers, so nobody's signature counts")
    if not origin:
        raise UsageError("--evidence: the checkout has no remote `origin`, which says what repository it is about")
    subjects = {one.comb: one.subject for one in releases}
    subjects |= {f"{one.comb}/{arm}": digest for one in releases for arm, digest in one.arms.items()}
    asked = Asked(subjects, repository_name(origin), str(environment.isolation), datetime.now(UTC))
    return (("Comb-Evidence", check_evidence(_read(file), asked, publishers, os.environ.get("PATH", ""))),)


def _read(file: str) -> bytes:
    from comb_compiler.publish.evidence import MOST_BYTES

    try:
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"--evidence {file}: {(problem.strerror or 'it cannot be read').lower()}") from problem
