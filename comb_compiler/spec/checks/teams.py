"""Whose comb it is, and whose combs the platform's namespaces take."""

from collections.abc import Iterator

from comb_compiler.diagnostics import Diagnostic, Label, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.spec.binding import Bound
from comb_compiler.spec.checks.names import rename
from comb_compiler.spec.comb import Comb
from comb_compiler.spec.places import format_path
from comb_compiler.spec.platform import Platform
from comb_compiler.spec.suggest import closest
from comb_compiler.spec.wording import listed

__all__ = ["check_team"]


def check_team(bound: Bound[Comb], comb: Comb, platform: Bound[Platform]) -> Iterator[Diagnostic]:
    """That some environment, and each that the comb names, has a namespace that takes the combs of its team."""
    assert platform.value is not None
    if not bound.is_sound("metadata", "team") or not platform.is_sound("namespaces"):
        return
    team = comb.metadata.team
    taken = {name: _takes(platform.value, name, team) for name in platform.value.environments}
    if not any(taken.values()):
        yield _refused(bound, team, platform, "no namespace of this platform takes", list(taken))
        return
    for name in comb.environments:
        if not taken.get(name, True):
            namespace = platform.value.environments[name].namespace
            yield _refused(bound, team, platform, f"`{namespace}`, the namespace of `{name}`, does not take", [name])


def _takes(platform: Platform, environment: str, team: str | None) -> bool:
    """Whether the environment's namespace is for all, or for that team; one that is not declared is told elsewhere."""
    namespace = platform.namespaces.get(platform.environments[environment].namespace)
    return namespace is None or not namespace.teams or team in namespace.teams


def _refused(
    bound: Bound[Comb], team: str | None, platform: Bound[Platform], refusal: str, environments: list[str]
) -> Diagnostic:
    assert platform.value is not None
    declared = platform.value.namespaces
    namespaces = dict.fromkeys(platform.value.environments[name].namespace for name in environments)
    welcome = sorted({one for name in namespaces for one in declared[name].teams})
    shown = list(namespaces)[:_MOST_NAMESPACES]
    is_known = any(team in namespace.teams for namespace in declared.values())
    match = closest(team, welcome) if team is not None and not is_known else None
    place = bound.place("metadata", "team")
    are_welcome = f"{listed(welcome[:_MOST_TEAMS])} {'are' if len(welcome) > 1 else 'is'} welcome there"
    return diagnose(
        codes.UNWELCOME_TEAM,
        f"{refusal} combs {f'of the team `{team}`' if team else 'without a team'}",
        place.span if team else place.key_span,
        label="" if team else "`team` is missing here",
        related=tuple(Label(platform.place("namespaces", name, "teams").span, "for these") for name in shown),
        path=format_path(("metadata", "team")),
        hints=(f"did you mean `{match}`?" if match else f"{are_welcome}; others are added by the platform's team",),
        fix=rename(place, team, match) if team and match else None,
    )


_MOST_TEAMS = 8
_MOST_NAMESPACES = 4
