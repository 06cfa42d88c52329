"""The environments of a platform, as commands are told of one."""

from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError

if TYPE_CHECKING:
    from comb_compiler.compiler import Checked

__all__ = ["must_have_environment"]


def must_have_environment(of_platform: "Checked", environment: str) -> None:
    """Raise UsageError for an environment that the platform does not have.

    Where it cannot be told which it has, what is wrong with the platform says so.
    """
    declared = of_platform.platform.declared("environments") if of_platform.platform is not None else ()
    if declared and environment not in declared:
        from comb_compiler.spec.suggest import did_you_mean

        advice = did_you_mean(environment, declared, "environment")[0]
        raise UsageError(f"the platform has no environment `{environment}`; {advice}")
