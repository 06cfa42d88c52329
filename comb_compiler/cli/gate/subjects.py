"""What a comb and its arms are called in evidence, with their digests."""

from comb_compiler.cli.opening import Clean
from comb_compiler.release.subject import subjects_of as digests_of
from comb_compiler.workspace.operators import code_digest

__all__ = ["subjects_of"]


def subjects_of(clean: Clean) -> dict[str, str]:
    """The comb's own digest by its name, and those of its arms as `COMB/ARM`."""
    whole, arms = digests_of(clean.plan, code_digest(clean.checkout, clean.main))
    comb = clean.plan.comb
    return {comb: whole, **{f"{comb}/{arm}": digest for arm, digest in arms.items()}}
