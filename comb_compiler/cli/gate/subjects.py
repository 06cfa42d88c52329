"""What a comb and its arms are called in evidence, with their digests."""

import json
from hashlib import sha256

from comb_compiler.cli.opening import Clean
from comb_compiler.release.subject import subjects_of as digests_of
from comb_compiler.workspace.operators import code_digest

__all__ = ["resources_of", "subjects_of"]


def subjects_of(clean: Clean) -> dict[str, str]:
    """The comb's own digest by its name, and those of its arms as `COMB/ARM`."""
    whole, arms = digests_of(clean.plan, code_digest(clean.checkout, clean.main))
    comb = clean.plan.comb
    return {comb: whole, **{f"{comb}/{arm}": digest for arm, digest in arms.items()}}


def resources_of(clean: Clean) -> str:
    """A digest of what operators have and how they are called, as comb.yaml has it: a load proves it for that alone.

    It is no part of the subject, since environments may change it.
    """
    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    fields = {"resources", "devices", "batch", "workers", "timeout"}
    operators = {name: one.model_dump(mode="json", include=fields) for name, one in comb.base.value.operators.items()}
    return sha256(json.dumps(operators, sort_keys=True).encode()).hexdigest()
