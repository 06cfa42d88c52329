"""Combs beside one another: what each claims is added up, for policies that ask what a team's combs have together."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.verdicts import Verdict
from comb_compiler.diagnostics import Diagnostic, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.release.claims import Claim
from comb_compiler.source.nodes import child

if TYPE_CHECKING:
    from comb_compiler.policy.model import Policy

__all__ = ["AskElsewhere", "Beside", "Claims", "Elsewhere"]

Claims = Mapping[str, tuple[Claim, ...]]
"""What combs claim, by environment."""

_MOST_NAMED = 3


class Elsewhere(NamedTuple):
    """What is published, and the combs of which it is not known what they claim."""

    claims: Claims
    unknown: tuple[str, ...] = ()


AskElsewhere = Callable[[], Elsewhere | None]
"""What is published, or None where nobody knows; it is asked only where a policy does."""


class Beside:
    """The claims of all combs that are known: those of a checkout, as their verdicts say, and those `elsewhere`.

    Where `elsewhere` is None nobody knows what is published. What has a verdict counts as that says.
    """

    def __init__(
        self,
        policies: "Sequence[Policy]",
        verdicts: Iterable[Verdict],
        environments: Collection[str] = (),
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._policies = policies
        self._verdicts = {one.main: one for one in verdicts if one.kind == "Comb"}
        self._environments = environments
        self._elsewhere = elsewhere

    def findings(self, verdicts: Iterable[Verdict], judge: Callable[[str, Claims], Verdict]) -> list[Diagnostic]:
        """What is said of combs only beside others, and not in these `verdicts` on each by itself; `judge` gives one
        beside such claims.
        """
        judged = [one for one in verdicts if one.main in self._verdicts]
        found = list(self.unknown([one.main for one in judged]))
        for alone in judged:
            if alone.claims:
                known = set(alone.diagnostics)
                beside = judge(alone.main, self.of(alone.main)).diagnostics
                found += (one for one in beside if one not in known)
        return found

    def of(self, main: str) -> Claims:
        """What others of its team claim, beside a comb of the checkout, in each of the environments that are asked."""
        found: dict[str, tuple[Claim, ...]] = {}
        verdict = self._verdicts.get(main)
        for environment, own in verdict.claims.items() if verdict is not None else ():
            if not self._environments or environment in self._environments:
                team = self._by_team.get((environment, own.team), ()) if own.team else ()
                found[environment] = tuple(one for one in team if one.comb != own.comb)
        return found

    @cached_property
    def _by_team(self) -> Mapping[tuple[str, str], list[Claim]]:
        """All claims on devices, by environment and team, sorted by comb."""
        found: dict[tuple[str, str], list[Claim]] = {}
        for environment, claim in self._all():
            if claim.devices:
                found.setdefault((environment, claim.team), []).append(claim)
        for claims in found.values():
            claims.sort(key=lambda one: one.comb)
        return found

    def _all(self) -> Iterator[tuple[str, Claim]]:
        for verdict in self._verdicts.values():
            yield from verdict.claims.items()
        names = {verdict.name for verdict in self._verdicts.values()}
        for environment, claims in self._elsewhere.claims.items() if self._elsewhere is not None else ():
            yield from ((environment, one) for one in claims if one.comb not in names)

    def unknown(self, mains: Collection[str]) -> Iterator[Diagnostic]:
        """What policies ask for that is not known, beside that `mains` have mistakes."""
        wrong = [one.name or main for main, one in self._verdicts.items() if not one.claims and main not in mains]
        names = {one.name for one in self._verdicts.values()}
        older = [one for one in self._elsewhere.unknown if one not in names] if self._elsewhere is not None else []
        for policy in self._policies:
            if wrong:
                yield _without(
                    policy, f"{_listed(wrong)}, of which there is no plan", "see what `comb check` says of it"
                )
            if older:
                why = f"{_listed(older)}, whose release does not say what it asks for"
                yield _without(policy, why, "an older Comb published it: publish it again")
            if self._elsewhere is None and policy.spec.get("others") == "Published":
                hint = "`comb plan --against` the environment repository, and `comb publish`, judge with it"
                yield _without(policy, "what is published, which nothing says here", hint)


def _without(policy: "Policy", what: str, hint: str) -> Diagnostic:
    name = child(child(policy.root, "metadata"), "name")
    assert name is not None
    message = f"the policy `{policy.name}` is judged without {what}"
    return diagnose(codes.UNKNOWN_CLAIMS, message, name.span, path="metadata.name", hints=(hint,))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{one}`" for one in sorted(names)[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown
