"""Where the files of model versions are: what every command that runs a comb asks."""

import os
from collections.abc import Callable
from pathlib import Path

from comb_compiler.cli.verdicts import default_directory
from comb_compiler.release import Binding, ExecutionPlan, Model
from comb_compiler.source import Unavailable
from comb_compiler.workspace.artifacts import digest_artifact, fetch_artifact
from comb_compiler.workspace.checkout import Checkout

__all__ = ["artifacts_directory", "model_locator", "pinned"]


def artifacts_directory() -> str:
    """Where copies of artifacts are kept, each by its digest."""
    return os.path.join(default_directory(), "artifacts")


def pinned(plan: ExecutionPlan, locate: Callable[[Model], Path]) -> ExecutionPlan:
    """The plan with the digest of every model, also of those that nothing pins; their copies are made.

    `locate` as `model_locator` gives it, and raises.
    """

    def whole(binding: Binding) -> Binding:
        model = binding.model
        return binding if model is None else binding._replace(model=model._replace(sha256=locate(model).name))

    return plan._replace(bindings=tuple(whole(binding) for binding in plan.bindings))


def model_locator(checkout: Checkout, main: str) -> Callable[[Model], Path]:
    """A function that gives the file of a model version of the comb.yaml `main`: a copy in the user's cache directory.

    It raises CannotRun for an artifact that is none, or whose bytes are not those that are pinned; OutsideFailure for
    one that cannot be had just now.
    """
    kept = artifacts_directory()

    def locate(model: Model) -> Path:
        sha256 = model.sha256
        if not sha256:
            digest = digest_artifact(checkout, main, model.artifact)
            if isinstance(digest, Unavailable):
                raise _cannot_run(model, digest)
            sha256 = digest.sha256
        path = fetch_artifact(checkout, main, model.artifact, sha256, kept)
        if isinstance(path, Unavailable):
            raise _cannot_run(model, path)
        return Path(path)

    return locate


def _cannot_run(model: Model, reason: Unavailable) -> Exception:
    from comb_compiler.runtime.engine import CannotRun

    advice = f"; {reason.hint}" if reason.hint else ""
    return CannotRun(f"model {model.name}@{model.version}: {reason.message}{advice}")
