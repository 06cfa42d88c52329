"""Rules about a file: its package, syntax and options, and what it declares."""

from collections.abc import Callable, Iterator

from comb_compiler.protos.breaking.change import Finding
from comb_compiler.protos.breaking.declared import Declared, Kind
from comb_compiler.protos.breaking.features import has_edition
from comb_compiler.protos.breaking.pairs import Comparison, FilePair
from comb_compiler.protos.model import ProtoFile

__all__ = ["FILE_OPTIONS", "no_delete", "same_option", "same_package", "same_syntax", "types_no_delete"]

FILE_OPTIONS = {
    "cc_enable_arenas": ("C++", "True"),
    "cc_generic_services": ("C++", "False"),
    "csharp_namespace": ("C#", ""),
    "go_package": ("Go", ""),
    "java_generic_services": ("Java", "False"),
    "java_multiple_files": ("Java", "False"),
    "java_outer_classname": ("Java", ""),
    "java_package": ("Java", ""),
    "objc_class_prefix": ("Objective-C", ""),
    "optimize_for": ("C++ and Java", "SPEED"),
    "php_class_prefix": ("PHP", ""),
    "php_metadata_namespace": ("PHP", ""),
    "php_namespace": ("PHP", ""),
    "py_generic_services": ("Python", "False"),
    "ruby_package": ("Ruby", ""),
    "swift_prefix": ("Swift", ""),
}
"""The options that generated code depends on: the language, and what holds where nothing is stated."""


_NOTHING = "nothing"


def no_delete(schemas: Comparison) -> Iterator[Finding]:
    """A file that others import is gone."""
    for name in schemas.old.files:
        if name not in schemas.new.files and schemas.is_own(name):
            message = f"the file `{name}` is gone: files that import it, and code generated from it, no longer build"
            yield Finding(name, message, "keep the file, if only to import publicly what took its place", None)


def same_package(pair: FilePair) -> Iterator[Finding]:
    """The package is part of every name, and so of the paths of methods."""
    old, new = pair.old.package, pair.new.package
    if old != new:
        message = (
            f"the file `{pair.new.name}` changed its package from `{old}` to `{new}`: "
            "all that it declares has another name, and calls of old clients find no method"
        )
        yield Finding(
            pair.new.name, message, f"keep `package {old};`, and put a new version into a file of its own", pair.span
        )


def same_syntax(pair: FilePair) -> Iterator[Finding]:
    """Generated code differs between proto2, proto3 and editions."""
    old, new = (("edition" if has_edition(file) else file.syntax) for file in (pair.old, pair.new))
    if old != new:
        message = (
            f"the file `{pair.new.name}` changed its syntax from `{pair.old.syntax}` to `{pair.new.syntax}`: "
            "presence, defaults and checks of its fields change in generated code"
        )
        yield Finding(pair.new.name, message, f"keep `{pair.old.syntax}`", pair.span)


def same_option(name: str) -> Callable[[FilePair], Iterator[Finding]]:
    """The rule about one of `FILE_OPTIONS`."""
    language, default = FILE_OPTIONS[name]

    def check(pair: FilePair) -> Iterator[Finding]:
        old, new = (_show(file, name, default) for file in (pair.old, pair.new))
        if old != new:
            message = (
                f"the file `{pair.new.name}` changed its option `{name}` from {old} to {new}: "
                f"code generated for {language} is another"
            )
            hint = f"leave `{name}` out" if old == _NOTHING else f"keep {old}"
            yield Finding(pair.new.name, message, hint, pair.span)

    return check


def types_no_delete(kind: Kind) -> Callable[[FilePair], Iterator[Finding]]:
    """The rule about things of a kind that are gone from their file; names are compared without the package."""

    def check(pair: FilePair) -> Iterator[Finding]:
        yield from _lost(pair, kind, pair.schemas.old_files[pair.old.name], pair.schemas.new_files[pair.new.name])

    return check


def _lost(pair: FilePair, kind: Kind, old: Declared, new: Declared) -> Iterator[Finding]:
    for nested, name in old[kind].items():
        if nested not in new[kind]:
            elsewhere = kind.of(pair.schemas.new).get(name)
            where = f"moved to `{elsewhere.file}`" if elsewhere else "is gone"
            message = f"the {kind.value} `{name}` {where}: code that uses it from `{pair.new.name}` no longer fits"
            hint = f"keep it in `{pair.new.name}`"
            yield Finding(name, message, hint, pair.schemas.place(name.rpartition(".")[0], pair.new.name))


def _show(file: ProtoFile, name: str, default: str) -> str:
    value = file.options.get(name, default)
    if value in ("True", "False"):
        return f"`{value.lower()}`"
    return f"`{value}`" if value else _NOTHING
