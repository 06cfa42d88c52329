"""What a comb and its arms are called in evidence, with their digests."""

import json
import posixpath
from hashlib import sha256

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.opening import Clean
from comb_compiler.release.subject import subjects_of as digests_of
from comb_compiler.source.sourceset import Unavailable
from comb_compiler.spec.comb import Comb
from comb_compiler.workspace.operators import code_digest, code_files, compiled_code

__all__ = ["must_have_its_code", "resources_in", "resources_of", "subjects_of"]


def subjects_of(clean: Clean) -> dict[str, str]:
    """The comb's own digest by its name, and those of its arms as `COMB/ARM`."""
    whole, arms = digests_of(clean.plan, code_digest(clean.checkout, clean.main))
    comb = clean.plan.comb
    return {comb: whole, **{f"{comb}/{arm}": digest for arm, digest in arms.items()}}


def must_have_its_code(clean: Clean) -> None:
    """Raises UsageError where code is beside the comb, and still no part of what its subject is of: an operator's
    module in a place that is left out, or what is compiled.

    Whatever became of such code, the digest that is proven and signed would stay.
    """
    compiled = next(compiled_code(clean.checkout, clean.main), None)
    if compiled is not None:
        raise UsageError(
            f"{compiled} is compiled code beside the comb, of which neither its digest nor its image has anything: "
            "take it out, and name a wheel that has it in requirements.txt"
        )
    names = {name for name, _ in code_files(clean.checkout, clean.main)}
    directory = posixpath.dirname(clean.main)
    for one in clean.plan.bindings:
        path = one.run.partition(":")[0].replace(".", "/")
        files = [f"{path}.py", f"{path}/__init__.py"] if path else []
        there = [file for file in files if _is_there(clean, posixpath.join(directory, file))]
        if there and not names.intersection(there):
            raise UsageError(
                f"the code of `{one.operator}`, {there[0]}, is no part of the comb, as nothing is in a virtual "
                "environment (`pyvenv.cfg`), in the context of a Dockerfile (`.comb-context`), in another comb's "
                "directory or in `node_modules`: move it, or what makes it one"
            )


def _is_there(clean: Clean, path: str) -> bool:
    return not isinstance(clean.checkout.find(path), Unavailable)


def resources_of(clean: Clean) -> str:
    """The digest of what the operators of a comb have, and of how they are called."""
    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    return resources_in(comb.base.value)


def resources_in(comb: Comb) -> str:
    """A digest of what operators have and how they are called, as comb.yaml has it: a load proves it for that alone.

    It is no part of the subject, since environments may change it.
    """
    fields = {"resources", "devices", "batch", "workers", "timeout"}
    operators = {name: one.model_dump(mode="json", include=fields) for name, one in comb.operators.items()}
    return sha256(json.dumps(operators, sort_keys=True).encode()).hexdigest()
