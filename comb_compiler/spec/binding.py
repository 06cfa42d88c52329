"""Document → model: everything that is wrong with a file's fields, each at its place."""

from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.source import Node, Path
from comb_compiler.spec.places import Place, entries_at, place_of
from comb_compiler.spec.variants import Overlaid

__all__ = ["Bound", "bind_node", "validated"]

M = TypeVar("M", bound=BaseModel)


class Bound(NamedTuple, Generic[M]):
    """A file's value beside the tree that it came from.

    With errors, `value` is what is left when the wrong parts are taken out: entries and optional fields are missing,
    and what cannot be missing is a stand-in. What was declared at all, rightly or not, is asked of `root`; whether a
    part of `value` is what was written, of `is_sound`. None where nothing could be saved.
    """

    value: M | None
    root: Node
    diagnostics: tuple[Diagnostic, ...] = ()
    unsound: tuple[Path, ...] = ()
    overlaid: Overlaid | None = None
    """What made it, where it is not a file as written but a variant."""
    changed: M | None = None
    """Of a variant the part of `value` that its overlay touches, where the rest is known to be right."""

    @property
    def to_check(self) -> M | None:
        """What checks of single entries look at: `changed`, or all."""
        return self.changed if self.changed is not None else self.value

    def place(self, *path: str | int) -> Place:
        """The place of `path`, or of as much of it as was written."""
        return place_of(self.root, path)

    def declared(self, *path: str | int) -> tuple[str, ...]:
        """The keys written at `path`, whether their values are right or wrong."""
        return tuple(entries_at(self.root.data, path))

    def is_sound(self, *path: str | int) -> bool:
        """Whether nothing is wrong at `path`, above it or below it, as far as its fields go."""
        if not self.unsound:
            return True
        return not any(path[: len(wrong)] == wrong[: len(path)] for wrong in self.unsound)

    def is_whole(self, *path: str | int) -> bool:
        """Whether the value at `path` as a whole is right, or rightly left out; parts of it may be wrong."""
        if not self.unsound:
            return True
        return not any(path[: len(wrong)] == wrong for wrong in self.unsound)

    def is_readable(self, *path: str | int) -> bool:
        """Whether it can be told what is declared at `path`.

        Where a key is no name, it cannot: whatever is used and not declared may be what the key was meant to be.
        """
        if not self.unsound:
            return True
        misnamed = any(wrong[-1:] == ("[key]",) and wrong[:-2] == path for wrong in self.unsound)
        return not misnamed and self.is_whole(*path)


def bind_node(root: Node, model: type[M]) -> Bound[M]:
    """Validate the data below `root`. Never raises for what a user wrote.

    A field that is misspelt, or stands one level too high, is told, and then taken for what it was meant to be, so that
    it has no further consequences. Of a file with very many mistakes nothing is saved.
    """
    value, errors = validated(root, model)
    if not errors:
        return Bound(value, root)
    from comb_compiler.diagnostics.bounds import MOST, bounded
    from comb_compiler.spec.explanations import explain
    from comb_compiler.spec.misspelt import correct
    from comb_compiler.spec.salvage import salvage
    from comb_compiler.spec.unwrapped import wrap

    if len(errors) > MOST:
        return Bound(None, root, tuple(bounded(explain(root, model, errors))), ((),))
    root, unwrapped = wrap(root, model, errors)
    if unwrapped:
        value, errors = validated(root, model)
    root, misspelt = correct(root, model, errors)
    if misspelt:
        value, errors = validated(root, model)
    wrong = tuple(error["loc"] for error in errors)
    if errors:
        value = salvage(model, root.data, wrong)
    return Bound(value, root, (*unwrapped, *misspelt, *explain(root, model, errors)), wrong)


def validated(root: Node, model: type[M]) -> tuple[M | None, list[Any]]:
    """The value, or pydantic's errors."""
    try:
        return model.model_validate(root.data), []
    except ValidationError as failure:
        return None, list(failure.errors(include_url=False, include_input=False))
