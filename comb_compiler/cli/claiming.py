"""What is to be published beside what is: policies over a team's combs are asked with the very state it is built on."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.check import platform_path
from comb_compiler.cli.checking import Checking
from comb_compiler.cli.console import Console
from comb_compiler.cli.reporting import report
from comb_compiler.cli.repositories import Target, opened
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.diagnostics import has_errors
from comb_compiler.workspace.checkout import Checkout

if TYPE_CHECKING:
    from comb_compiler.cli.beside import Elsewhere
    from comb_compiler.cli.plan_stores import Homes
    from comb_compiler.compiler.render import Rendered
    from comb_compiler.publish import Held, Mirror, Trust, Wanted
    from comb_compiler.publish.publishing import Follow

__all__ = ["Judging", "judged_beside", "judged_now"]


class Judging(NamedTuple):
    """What is to be published, and where it is from."""

    checkout: Checkout
    combs: "list[Rendered]"
    arguments: argparse.Namespace


def judged_beside(mirror: "Mirror", judging: Judging, follow: "Follow", console: Console) -> "Follow":
    """`follow`, once policies have been asked with what is published at the head that it is asked for.

    Another publication may have come in between: it is asked again on each new head, and refuses what is too much then.
    """
    judged: set[str | None] = set()

    def followed(wanted: "Wanted", there: "Held") -> "Wanted":
        if there.commit not in judged:
            judged.add(there.commit)
            _must_be_let_pass(lambda homes: _published(mirror, there.commit, homes), judging, console)
        return follow(wanted, there)

    return followed


def judged_now(target: Target, trust: "Trust", judging: Judging, console: Console) -> None:
    """The same with what is published now, as far as a policy asks. Raises Refused."""

    def published(homes: "Homes") -> "Elsewhere":
        from comb_compiler.publish.landing import check_history

        with opened(target) as mirror:
            return _published(mirror, check_history(mirror, trust), homes)

    _must_be_let_pass(published, judging, console)


def _published(mirror: "Mirror", head: str | None, homes: "Homes") -> "Elsewhere":
    from comb_compiler.cli.plan_claims import elsewhere_of
    from comb_compiler.cli.plan_stores import CommitStore

    return elsewhere_of("the environment repository", CommitStore(mirror, head, "the repository"), homes, {})


def _must_be_let_pass(published: "Callable[[Homes], Elsewhere]", judging: Judging, console: Console) -> None:
    from comb_compiler.cli.plan_opening import homes_of
    from comb_compiler.publish import Refused

    checkout, combs, arguments = judging
    bound = combs[0].platform
    assert bound is not None
    assert bound.value is not None
    cache = VerdictCache(None if arguments.no_cache else default_directory())
    checking = Checking(checkout, cache, platform_path(arguments, checkout))
    environment = arguments.environment
    homes = {environment: homes_of(bound.value)[environment]}
    found = checking.beside([one.checked.main for one in combs], (environment,), lambda: published(homes))
    if found:
        console.note(report(found, "text", checkout, console).rstrip("\n"))
    if has_errors(found):
        raise Refused("it is not published beside what the team has already")
