"""Taking a candidate back, by two commits: it gets no users any more; and when that is so everywhere, it goes."""

from collections.abc import Iterable, Mapping, Sequence

import comb_compiler
from comb_compiler.cli.repositories import Target
from comb_compiler.cli.rollout.asking import asked
from comb_compiler.cli.rollout.state import TRAILER, State, commit, kept_facts
from comb_compiler.compiler.rollout import BadStable
from comb_compiler.compiler.withdrawal import withdrawn
from comb_compiler.publish import Publication, Refused, Terms, Wanted
from comb_compiler.release.place import Place
from comb_compiler.release.release import FILE
from comb_compiler.rollout import Tried, look_for_end
from comb_compiler.telemetry import Prometheus

__all__ = ["FIGURES", "TAKEN_BACK", "remove", "still_used", "take_back"]

FIGURES = "Comb-Rollout-Figures"
TAKEN_BACK = "Comb-Rollout-Taken-Back"
"""A directory and the candidate that was taken back from it: the same is not tried again by itself."""


def take_back(target: Target, comb: str, state: State, terms: Terms, why: Sequence[str]) -> Publication:
    """Have the candidate get no users any more, wherever there is one. Raises Refused."""
    under_way = {place: one for place, one in state.under_way.items() if not one.aborted}
    published = {place: state.places[place] for place in under_way}
    try:
        wanted = [Wanted(place, withdrawn(one.files), one.flux) for place, one in published.items()]
    except BadStable as problem:
        raise Refused(f"the candidate cannot be taken back: {problem}", "`comb rollback` takes it back") from problem
    facts = (
        ("Comb-Compiler", comb_compiler.__version__),
        *kept_facts(next(iter(state.records), None)),
        (TRAILER, f"{comb} aborted"),
        *_candidates(state),
        *((FIGURES, one) for one in why),
    )
    title = f"Take the candidate of {comb} back in {target.environment}"
    return commit(target, state, wanted, terms._replace(title=title, facts=facts))


def remove(target: Target, comb: str, state: State, terms: Terms) -> Publication:
    """Have the stable release be alone again, byte by byte as it was. Raises Refused."""
    published = {place: state.places[place] for place in state.under_way}
    wanted = [
        Wanted(place, {**one.stable.files, FILE: one.stable.content}, one.flux) for place, one in published.items()
    ]
    before = {place.directory: one.stable.release.digest for place, one in published.items()}
    base = next((one for one in state.records if before.items() <= one.releases.items()), None)
    facts = (
        ("Comb-Compiler", comb_compiler.__version__),
        *((("Comb-Rollback-To", base.commit),) if base is not None else ()),
        *kept_facts(base),
        (TRAILER, f"{comb} ended"),
        *_candidates(state),
    )
    title = f"Remove the candidate of {comb} from {target.environment}"
    return commit(target, state, wanted, terms._replace(title=title, facts=facts))


def _candidates(state: State) -> Iterable[tuple[str, str]]:
    return ((TAKEN_BACK, f"{place.directory} {one.candidate}") for place, one in state.under_way.items())


def still_used(sources: Mapping[str, Prometheus], comb: str, places: Iterable[Place]) -> list[str]:
    """Why the candidate may still have users, for each cluster in which that is so."""
    namespaces = {place.cluster: place.namespace for place in places}

    def ended(cluster: str, source: Prometheus) -> str:
        return look_for_end(source, Tried(namespaces[cluster], comb, "", ""))

    found = asked({cluster: one for cluster, one in sources.items() if cluster in namespaces}, ended)
    return [f"{cluster}: {why}" for cluster, why in found.items() if why]
