"""Who built an image, when and from what: an in-toto statement with SLSA's provenance (https://slsa.dev/provenance/v1).

What changes from build to build (the revision, the time) is here, and nowhere in the image.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from comb_compiler.images.contents import Inside
from comb_compiler.release.evidence import STATEMENT

__all__ = ["BUILD_TYPE", "LOCAL_BUILDER", "Build", "provenance"]

BUILD_TYPE = "https://comb.dev/build/image/v1"
LOCAL_BUILDER = "https://comb.dev/builders/local"
"""Whoever has this machine: nothing vouches for it."""


class Build(NamedTuple):
    """Circumstances: the comb's file in its repository, the commit (empty: none, or files that are in no commit), who
    built, with which Comb, and when it was done.
    """

    comb: str
    environment: str
    repository: str
    commit: str
    builder: str
    version: str
    finished: datetime


def provenance(inside: Inside, build: Build) -> dict[str, Any]:
    """The statement about an image, as JSON has it."""
    asked = {"comb": build.comb, "environment": build.environment}
    return {
        "_type": STATEMENT,
        "subject": [{"name": inside.name, "digest": {"sha256": inside.sha256}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": asked,
                "resolvedDependencies": [*_source(build), *_materials(inside)],
            },
            "runDetails": {
                "builder": {"id": build.builder, "version": {"comb": build.version}},
                "metadata": {"finishedOn": build.finished.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")},
            },
        },
    }


def _source(build: Build) -> list[dict[str, Any]]:
    if not build.commit:
        return []
    uri = f"git+{build.repository}" if build.repository else "git+file:."
    return [{"uri": uri, "digest": {"gitCommit": build.commit}}]


def _materials(inside: Inside) -> list[dict[str, Any]]:
    base = {"name": inside.base_name, "digest": {"sha256": inside.base_digest.partition(":")[2]}}
    wheels = [{"uri": one.purl, "name": one.file, "digest": {"sha256": one.sha256}} for one in sorted(inside.packages)]
    models = [{"name": f"{one.name}@{one.version}", "digest": {"sha256": one.sha256}} for one in sorted(inside.models)]
    return [base, *wheels, *models]
