"""Whether what is to be published was proven, where the platform asks for that."""

import os
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.diagnostics import Code, Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.spec.places import format_path

if TYPE_CHECKING:
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.release.release import Release

__all__ = ["Given", "Proof", "must_not_be_new", "proven", "read_evidence"]


class Proof(NamedTuple):
    """Whether combs are proven as the platform asks: what is wrong, and the digest of evidence that counts.

    `new` are the combs that its gates held against nothing.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    digest: str = ""
    new: frozenset[str] = frozenset()

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What the commit says of it."""
        return (("Comb-Evidence", self.digest),) if self.digest else ()


class Given(NamedTuple):
    """What there is to go by: evidence, the repository of the sources, the time, and whether images are not built."""

    evidence: bytes | None
    source: str
    now: datetime
    unbuilt: bool = False


def proven(rendered: "Sequence[Rendered]", environment: str, given: Given) -> Proof:
    """Whether what was rendered for an environment is proven, or nothing is asked for.

    Raises PublishError where signatures cannot be checked, UsageError for evidence that cannot be about anything.
    """
    from comb_compiler.publish import Refused
    from comb_compiler.publish.evidence import Asked, check_evidence

    bound = rendered[0].platform
    assert bound is not None
    assert bound.value is not None
    releases = [cluster.release for one in rendered for cluster in one.clusters]
    terms, publishers = bound.value.environments[environment], bound.value.environment_repository.publishers
    if terms.evidence and given.unbuilt:
        return _refused(rendered, environment, codes.UNBUILT_RELEASE)
    if given.evidence is None:
        return _refused(rendered, environment, codes.MISSING_EVIDENCE) if terms.evidence else Proof()
    if not publishers:
        raise UsageError("--evidence: platform.yaml names no trusted publishers, so nobody's signature counts")
    if not given.source:
        raise UsageError("--evidence: the checkout has no remote `origin`, which says what repository it is about")
    subjects = {one.comb: one.subject for one in releases}
    subjects |= {f"{one.comb}/{arm}": digest for one in releases for arm, digest in one.arms.items()}
    asked = Asked(subjects, given.source, str(terms.isolation), given.now, _images(releases))
    keys = {name: one.key for name, one in publishers.items()}
    try:
        digest = check_evidence(given.evidence, asked, keys, os.environ.get("PATH", ""))
        return Proof(digest=digest, new=_new(given.evidence))
    except Refused as refused:
        return _refused(rendered, environment, codes.VOID_EVIDENCE, str(refused))


def must_not_be_new(release: "Release", published: "Release", new: Collection[str]) -> None:
    """Raises Refused where a release is another subject than what is published, and its comb is one of `new`."""
    from comb_compiler.publish import Refused

    if release.comb in new and release.subject != published.subject:
        raise Refused(
            f"`{release.comb}` is published in `{published.cluster}`, and the evidence is about a new comb: its gates "
            "held it against nothing",
            "have them compare it with what was there before: `comb gate --baseline REV`, without `none`",
        )


def _new(evidence: bytes) -> frozenset[str]:
    """The combs of evidence that counts that were asked as new ones, in whole or by an arm."""
    from comb_compiler.publish.evidence import statement_of

    said = statement_of(evidence)[0]["predicate"].get("new")
    return frozenset(str(name).partition("/")[0] for name in said) if isinstance(said, list) else frozenset()


def _images(releases: "Sequence[Release]") -> dict[str, set[str]]:
    """The digests of what each process runs, on any class of device; nothing of images that are not built."""
    images: dict[str, set[str]] = {}
    for release in releases:
        if not release.unbuilt:
            for process, devices in release.images.items():
                images.setdefault(process, set()).update(one.rpartition("@")[2] for one in devices.values())
    return images


def _refused(rendered: "Sequence[Rendered]", environment: str, code: Code, why: str = "") -> Proof:
    bound = rendered[0].platform
    assert bound is not None
    place = bound.place("environments", environment, "evidence")
    message, hints = {
        codes.UNBUILT_RELEASE: (
            f"`{environment}` takes releases with evidence, and nothing proves images that are not built",
            ("give the images.json that a build wrote, without `unbuilt`: --images FILE",),
        ),
        codes.MISSING_EVIDENCE: (
            f"`{environment}` takes releases with signed evidence of their gates",
            ("give what the gates found, signed by a trusted publisher: --evidence FILE",),
        ),
        codes.VOID_EVIDENCE: (
            why,
            (
                "have the gates run on what is published, and give what was signed then",
                "`comb evidence show FILE` says what it is about",
            ),
        ),
    }[code]
    return Proof((diagnose(code, message, place.key_span, path=format_path(place.path), hints=hints),))


def read_evidence(file: str) -> bytes:
    """The content of a file of evidence, or so much of it that it is known to be too much. Raises UsageError."""
    from comb_compiler.publish.evidence import MOST_BYTES

    try:
        with Path(file).open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"--evidence {file}: {(problem.strerror or 'it cannot be read').lower()}") from problem
