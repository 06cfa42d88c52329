"""A comb that a command is to do something with: checked, and compiled when it is clean."""

import os
from pathlib import Path
from typing import NamedTuple

from comb_compiler.cli.checking import Checking, common_root
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.reporting import report
from comb_compiler.cli.verdicts import VerdictCache, default_directory
from comb_compiler.compiler import Compiled, compile_comb
from comb_compiler.diagnostics import has_errors
from comb_compiler.release import ExecutionPlan
from comb_compiler.spec.lock import read_lock
from comb_compiler.spec.suggest import did_you_mean
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.lock import changed_artifacts
from comb_compiler.workspace.sources import load_sources

__all__ = ["Clean", "comb_file", "open_clean"]


class Clean(NamedTuple):
    """A comb without mistakes: the checkout that it is in, its comb.yaml there, and what was made of it."""

    checkout: Checkout
    main: str
    compiled: Compiled
    plan: ExecutionPlan

    @property
    def directory(self) -> Path:
        """Where the comb.yaml is."""
        return Path(self.checkout.root, self.main).parent

    @property
    def golden(self) -> Path | None:
        """The directory of the samples that gates.availability asks, as seen from here; None where it names none."""
        comb = self.compiled.checked.comb
        gates = comb.base.value.gates if comb is not None and comb.base.value is not None else None
        declared = gates.availability.samples if gates is not None and gates.availability is not None else "recorded"
        return None if declared == "recorded" else Path(os.path.relpath(self.directory)) / declared


def comb_file(path: str) -> str:
    """The comb.yaml that a path means: itself, or that of the directory which it is."""
    return str(Path(path, "comb.yaml")) if Path(path).is_dir() else path


def open_clean(path: str, console: Console, does: str, environment: str = "") -> Clean | None:
    """Check a comb.yaml, or that of a directory, and show what there is to say; None where it has mistakes, or models
    that are not as pinned.

    `does` is what only a Comb does, for who names another file. Raises UsageError for one, and for an `environment`
    that the comb does not mention.
    """
    path = comb_file(path)
    checkout = Checkout(common_root([path]))
    cache = VerdictCache(default_directory())
    result = Checking(checkout, cache).run([path])
    console.note(report(result.diagnostics, "text", checkout, console))
    if has_errors(result.diagnostics):
        return None
    main = result.verdicts[0].main
    sources = load_sources(checkout, main, cache.memo)
    compiled = compile_comb(sources, memo=cache.memo, environment=environment)
    if compiled.plan is None:
        raise UsageError(f"{path}: this is a {compiled.checked.kind}, and only a Comb {does}")
    assert compiled.checked.comb is not None
    if environment:
        _must_have(environment, tuple(compiled.checked.comb.environments))
    uris = [binding.model.artifact for binding in compiled.plan.bindings if binding.model is not None]
    changed = changed_artifacts(checkout, main, compiled.checked.comb, read_lock(sources)[0], uris)
    if changed:
        console.note(report(changed, "text", checkout, console))
        return None
    return Clean(checkout, main, compiled, compiled.plan)


def _must_have(environment: str, declared: tuple[str, ...]) -> None:
    if not declared:
        raise UsageError(f"the comb has no environments, and so is in `{environment}` as it is written")
    if environment not in declared:
        advice = did_you_mean(environment, declared, "environment")[0]
        raise UsageError(f"the comb has no environment `{environment}`; {advice}")
