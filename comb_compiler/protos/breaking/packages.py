"""Rules about a package: what it declares, in whichever of its files."""

from collections.abc import Callable, Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.declared import Declared, Kind
from comb_compiler.protos.breaking.pairs import Comparison

__all__ = ["no_delete", "types_no_delete"]


def no_delete(schemas: Comparison) -> Iterator[Finding]:
    """A package that none of the files has any more."""
    for package in schemas.old_packages:
        if package not in schemas.new_packages:
            message = f"the package `{package}` is gone: code that uses it no longer builds"
            yield Finding(package, message, "keep the package, and put a new version beside it", None)


def types_no_delete(kind: Kind) -> Callable[[Comparison], Iterator[Finding]]:
    """The rule about things of a kind that are gone from a package that is still there."""

    def check(schemas: Comparison) -> Iterator[Finding]:
        for package, old in schemas.old_packages.items():
            if package in schemas.new_packages:
                yield from _lost(schemas, kind, package, old)

    return check


def _lost(schemas: Comparison, kind: Kind, package: str, old: Declared) -> Iterator[Finding]:
    new = schemas.new_packages[package]
    for nested, name in old[kind].items():
        if nested not in new[kind]:
            file = kind.of(schemas.old)[name].file
            message = (
                f"the {kind.value} `{name}` is gone from the package `{package}`: code that uses it no longer fits"
            )
            span = schemas.place(name.rpartition(".")[0], file)
            yield Finding(name, message, f"keep it in `{package}`, in whichever file", span)
