"""What a comb puts into its images: models and code."""

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.opening import Clean

if TYPE_CHECKING:
    from pathlib import Path

    from comb_compiler.images.assembling import Contents, ModelFile
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import Base

__all__ = ["contents_of", "fetched_names", "models_of", "what_is_lacking"]

_MOST_SHOWN = 3
"""Packages that are named when an image lacks them."""


def contents_of(clean: Clean, operators: Container[str] | None = None) -> "Contents":
    """All code, the models of these operators, or of all, and where processes look for them.

    Raises UsageError for what cannot be had, or must not be in an image.
    """
    from comb_compiler.images.assembling import Contents
    from comb_compiler.images.secrets import secrets_in
    from comb_compiler.render import layout as places
    from comb_compiler.source.sourceset import Unavailable
    from comb_compiler.workspace.operators import code_files

    code = []
    for name, content in code_files(clean.checkout, clean.main):
        if isinstance(content, Unavailable):
            raise UsageError(content.message)
        secret = next(secrets_in(content), None)
        if secret is not None:
            raise UsageError(
                f"{name}:{secret.line}: {secret.kind} must not be in an image: whoever pulls it can read it"
            )
        code.append((name, content))
    named = [one for operator, one in models_of(clean) if operators is None or operator in operators]
    versions = sorted({f"{one.model}@{one.sha256}" for one in named})
    labels = {"dev.comb.name": clean.plan.comb, "dev.comb.models": " ".join(versions)}
    away = fetched_names(clean)
    inside = list(dict.fromkeys(one for one in named if one.model.partition("@")[0] not in away))
    digests = {one.sha256 for one in inside}  # a file that is there for another model need not be fetched
    fetched = list(dict.fromkeys(one for one in named if one.sha256 not in digests))
    return Contents(inside, code, places.ARTIFACTS, places.CODE, labels, fetched, places.FETCHED)


def what_is_lacking(clean: Clean, base: "Base", wheels: "Sequence[Path]", layout: "ImageLayout") -> str:
    """What operators' code imports, and neither the wheels of an image nor its base have, for people; else empty."""
    from comb_compiler.images.bases import installed_in
    from comb_compiler.images.imports import lacking_modules, modules_of
    from comb_compiler.workspace.operators import readable_code

    entries = [binding.run.partition(":")[0] for binding in clean.plan.bindings if binding.run]
    there = modules_of(wheels) | installed_in(base, layout)
    lacking = lacking_modules(entries, readable_code(clean.checkout, clean.main), there)
    if not lacking:
        return ""
    shown = ", ".join(
        f"`{one.package}`" + (f" ({one.file}:{one.line})" if one.file else "") for one in lacking[:_MOST_SHOWN]
    )
    more = f" and {len(lacking) - _MOST_SHOWN} more" if len(lacking) > _MOST_SHOWN else ""
    return (
        f"operators' code imports {shown}{more}, which no wheel of the image has, nor {base.name}: "
        "name what has it in requirements.txt beside comb.yaml, and run `comb lock`"
    )


def fetched_names(clean: Clean) -> frozenset[str]:
    """The models that pods fetch when they start."""
    from comb_compiler.spec.comb.models import Fetch

    comb = clean.compiled.checked.comb
    assert comb is not None
    assert comb.base.value is not None
    return frozenset(name for name, model in comb.base.value.models.items() if model.fetch is Fetch.START)


def models_of(clean: Clean) -> "list[tuple[str, ModelFile]]":
    """The model versions of a comb, with the operator that each is of: those of all arms."""
    from comb_compiler.cli.models import model_locator
    from comb_compiler.images.assembling import ModelFile
    from comb_compiler.runtime.engine import CannotRun

    locate = model_locator(clean.checkout, clean.main)
    found = []
    for binding in clean.plan.bindings:
        if binding.model is not None:
            try:
                path = locate(binding.model)
            except CannotRun as problem:
                raise UsageError(str(problem)) from problem
            named = f"{binding.model.name}@{binding.model.version}"
            found.append((binding.operator, ModelFile(named, binding.model.sha256 or path.name, path)))
    return found
