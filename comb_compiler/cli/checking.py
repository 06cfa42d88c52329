"""Checking files: what `comb check`, `comb fix` and the demo share."""

import argparse
import os
import time
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.verdicts import Verdict, VerdictCache, digest
from comb_compiler.diagnostics import Diagnostic, Label, Span, codes, in_reading_order
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.release.claims import Claim
from comb_compiler.source.sourceset import SourceSet, Unavailable
from comb_compiler.workspace.checkout import Checkout, ReadOnce, find_root
from comb_compiler.workspace.discovery import find_combs

if TYPE_CHECKING:
    from comb_compiler.cli.against import Against
    from comb_compiler.cli.beside import AskElsewhere, Beside, Claims
    from comb_compiler.compiler import Checked
    from comb_compiler.policy.model import Policy

__all__ = ["Checking", "Result", "common_root", "open_root", "same_names", "verdict_of"]


class Result(NamedTuple):
    """Every verdict, and all findings: those of the files, of the search for them, and across them."""

    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[Diagnostic, ...]


def open_root(arguments: argparse.Namespace) -> str:
    """The root of the checkout that all paths of the command line are in."""
    paths = [*getattr(arguments, "paths", ()), *([arguments.platform] if arguments.platform else [])]
    if arguments.root is not None and not os.path.isdir(arguments.root):
        raise UsageError(f"--root {arguments.root}: there is no such directory")
    return os.path.abspath(arguments.root) if arguments.root else common_root(paths)


def common_root(paths: Sequence[str]) -> str:
    """The root of the checkout that all of `paths` are in."""
    try:
        return find_root(os.path.commonpath([os.path.abspath(path) for path in paths]))
    except ValueError as error:
        raise UsageError(f"these paths have no directory in common: {error}") from error


class Checking:
    """One run over a checkout: every file is read once, and a verdict that is known is not worked out again."""

    def __init__(
        self, checkout: Checkout, cache: VerdictCache, platform: str | None = None, against: "Against | None" = None
    ) -> None:
        self._against = against
        self._checkout = checkout
        self._files = ReadOnce(checkout)
        self._cache = cache
        self._platform = platform
        self._digests: dict[str, str] = {}
        self._given: SourceSet | None = None
        self._begun = time.time_ns()
        self._alone: dict[str, Verdict] = {}
        self._kept: dict[str, tuple[Checked, SourceSet]] = {}
        """What was checked in this run, and may be asked for once more beside others."""

    def run(self, paths: Sequence[str]) -> Result:
        """Check every comb that `paths` name, and the platform once."""
        mains, diagnostics = find_combs(self._checkout, paths)
        if self._platform is not None and self._platform not in mains:
            mains = [self._platform, *mains]
        verdicts = tuple(self.verdict(main) for main in mains)
        found = [*diagnostics, *same_names(verdicts)]
        for verdict in verdicts:
            found += verdict.diagnostics
        found += self.beside([verdict.main for verdict in verdicts if verdict.kind == "Comb"])
        return Result(verdicts, in_reading_order(found))

    def beside(
        self,
        mains: Iterable[str],
        environments: Collection[str] = (),
        ask: "AskElsewhere" = lambda: None,
    ) -> list[Diagnostic]:
        """What policies say of combs beside others of their teams, and nothing that is said of each by itself.

        Of the `environments` of the platform, if any are named. Others are what is published, where `ask` knows
        that; else all of the checkout.
        """
        asked = tuple(mains)
        known = self.everyone(asked, environments, ask)
        return known.findings(map(self.verdict, asked), self.verdict) if known is not None else []

    def everyone(
        self,
        mains: Iterable[str],
        environments: Collection[str] = (),
        ask: "AskElsewhere" = lambda: None,
    ) -> "Beside | None":
        """What `mains` and all others claim; None where no policy asks for it."""
        policies = self._policies_of_others()
        if not policies:
            return None
        from comb_compiler.cli.beside import Beside

        there = ask()
        verdicts = [self.verdict(main) for main in dict.fromkeys(mains)] if there is not None else self._others(mains)
        return Beside(policies, verdicts, environments, there)

    def _others(self, mains: Iterable[str]) -> list[Verdict]:
        """What is said of `mains` and of all other combs of the checkout."""
        from comb_compiler.cli.others import Others

        against = self._against.identity if self._against is not None else ""
        identity = (str(self._platform), self._platform_digest(), against)
        return Others(self._checkout, self._cache.directory, identity, self._begun).verdicts(mains, self.verdict)

    def _policies_of_others(self) -> "Sequence[Policy]":
        """The policies of the platform that ask of other combs; what reads them is loaded only where there are some."""
        if not self._names_policies():
            return ()
        from comb_compiler.policy.combs import asks_others

        known = self._checked_platform.policies
        return [one for one in known.policies if asks_others(one)] if known is not None else ()

    def _names_policies(self) -> bool:
        """Whether the platform may name some, as its bytes say."""
        content = self._files.read(self._platform) if self._platform is not None else b""
        return isinstance(content, bytes) and b"policies" in content

    @cached_property
    def _checked_platform(self) -> "Checked":
        from comb_compiler.compiler import check

        return check(self._of_platform(), memo=self._cache.memo)

    def verdict(self, main: str, others: "Claims | None" = None) -> Verdict:
        """The verdict on one file, from the cache where it holds; beside what `others` claim, where they are given."""
        if others is None and main in self._alone:
            return self._alone[main]
        try:
            verdict = self._verdict(main, self._files.read(main), others)
        finally:
            self._files.forget(main)
        if others is None:
            self._alone[main] = verdict
        return verdict

    def _verdict(self, main: str, content: bytes | Unavailable, others: "Claims | None") -> Verdict:
        if isinstance(content, Unavailable) or not self._cache.keeps:
            return self._compile(main, others)[0]
        platform = "" if self._platform is None else self._platform_digest()
        if self._against is not None:
            platform = digest(f"{platform} {self._against.identity}".encode())
        if others is not None:
            platform = digest(f"{platform} {others!r}".encode())
        known = self._cache.find(main, content, platform, self._digest)
        if known is not None:
            return known
        verdict, sources = self._compile(main, others)
        looked_at = self._looked_at(sources) if not _has_folders(verdict, sources) else None
        if looked_at is not None and not any(finding.code in _ADVISED for finding in verdict.diagnostics):
            self._cache.keep(verdict, content, platform, looked_at)
            return verdict._replace(rests_on=tuple(looked_at))
        return verdict

    def _compile(self, main: str, others: "Claims | None") -> tuple[Verdict, SourceSet]:
        """The verdict, and all that it rests on."""
        checked, sources = self._kept.pop(main) if main in self._kept else self._checked(main)
        if others is not None:
            from comb_compiler.compiler.policies import check_beside

            said = check_beside(checked, self._checked_platform, others)
            checked = checked._replace(diagnostics=in_reading_order((*checked.diagnostics, *said)))
        elif len(self._kept) < _MOST_KEPT and self._names_policies():
            self._kept[main] = checked, sources
        return verdict_of(checked), sources

    def _checked(self, main: str) -> "tuple[Checked, SourceSet]":
        from comb_compiler.compiler import check
        from comb_compiler.workspace.sources import load_sources, with_samples

        sources = with_samples(self._files, load_sources(self._files, main, self._cache.memo))
        published = self._against.published(sources) if self._against is not None else None
        return check(sources, self._platform_sources(main), self._cache.memo, published), sources

    def _looked_at(self, sources: SourceSet) -> dict[str, str] | None:
        """The digests of what a verdict rests on; None where they cannot be asked for again in the same words."""
        contents = {name: content for name, content in sources.files.items() if name != sources.main}
        reasons = {name: _digest_of(one) for name, one in contents.items() if isinstance(one, Unavailable)}
        reasons.update((_EXISTS + name, _EXISTS) for name in sources.present)
        reasons.update((_SAMPLES + name, _counted(count)) for name, count in sources.samples.items())
        found = {name: self._digest(name) for name in (*contents, *reasons)}
        return found if all(found[name] == reason for name, reason in reasons.items()) else None

    def _platform_sources(self, main: str) -> SourceSet | None:
        if self._platform is None or self._platform == main:
            return None
        return self._of_platform()

    def _of_platform(self) -> SourceSet:
        """The platform with the policies that it names, read once for all combs."""
        from comb_compiler.workspace.sources import load_sources

        assert self._platform is not None
        if self._given is None:
            self._given = load_sources(self._files, self._platform, self._cache.memo)
        return self._given

    def _platform_digest(self) -> str:
        """What stands for the platform in the key of a verdict: where it may name policies, all of their files too."""
        assert self._platform is not None
        content = self._files.read(self._platform)
        if isinstance(content, Unavailable) or b"policies" not in content:
            return self._digest(self._platform)
        files = sorted(self._of_platform().files.items())
        return digest(repr([(name, _digest_of(one)) for name, one in files]).encode())

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            self._digests[name] = self._look(name)
        return self._digests[name]

    def _look(self, name: str) -> str:
        if name.startswith(_SAMPLES):
            return _counted(self._files.folders(name.removeprefix(_SAMPLES)))
        if not name.startswith(_EXISTS):
            return _digest_of(self._files.read(name))
        found = self._checkout.find(name.removeprefix(_EXISTS))
        return "" if isinstance(found, Unavailable) or found.is_directory else _EXISTS


_MOST_KEPT = 64


def _has_folders(verdict: Verdict, sources: SourceSet) -> bool:
    """Whether it is of a platform that names policies: a file that is new in their folder would not be missed."""
    return verdict.kind == "Platform" and len(sources.files) > 1


_ADVISED = (codes.FILE_NOT_FOUND, codes.UNKNOWN_IMPORT)
"""What is said with a look at the other names in the directory: whether one was meant."""
_EXISTS = "exists "
"""Before the path of a file of which only that it is there was looked at."""
_SAMPLES = "samples\0"
"""Before the path of a directory of which only how many samples it holds was looked at."""


def _digest_of(content: bytes | Unavailable) -> str:
    """The content's digest; of what is not there the reason in all its words, since a verdict shows them."""
    return " ".join((content.code.id, *content[1:])) if isinstance(content, Unavailable) else digest(content)


def _counted(samples: int | Unavailable) -> str:
    return _digest_of(samples) if isinstance(samples, Unavailable) else str(samples)


def verdict_of(checked: "Checked") -> Verdict:
    """What is kept of a check."""
    claims: dict[str, Claim] = {}
    if checked.plans:
        from comb_compiler.plan.claims import claim_of

        claims = {plan.environment: claim_of(plan) for plan in checked.plans}
    return Verdict(checked.main, checked.kind, checked.name, checked.name_span, checked.diagnostics, claims)


def same_names(verdicts: Iterable[Verdict]) -> list[Diagnostic]:
    """Two combs of one name would own one directory of the environment repository."""
    first: dict[str, Span] = {}
    found: list[Diagnostic] = []
    for verdict in verdicts:
        if verdict.kind != "Comb" or verdict.name_span is None:
            continue
        earlier = first.setdefault(verdict.name, verdict.name_span)
        if earlier != verdict.name_span:
            found.append(_same_name(verdict.name, verdict.name_span, earlier))
    return found


def _same_name(name: str, span: Span, earlier: Span) -> Diagnostic:
    return diagnose(
        codes.DUPLICATE_COMB,
        f"two combs are named `{name}`",
        span,
        related=(Label(earlier, "the other one"),),
        path="metadata.name",
        hints=("a comb's name is its directory in the environment repository: give each its own",),
    )
