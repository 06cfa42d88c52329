"""What a process needs → the image that it runs in: layers ordered by how seldom they change."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from comb_compiler.images.archives import File, Link, OnDisk, Plain, write_layer
from comb_compiler.images.bases import Found, look_into
from comb_compiler.images.building import PACKAGES, build_image
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import FETCHED, Base, Built, ImageError, Layer
from comb_compiler.images.remembering import file_digest, remembered
from comb_compiler.images.tags import fits, parse_wheel_name
from comb_compiler.images.targets import target_of
from comb_compiler.images.wheels import wheel_files, wheel_metadata

__all__ = ["Contents", "ModelFile", "assemble", "shared_layers"]

_RUNTIME = "comb-runtime"
_PYTHON = "/usr/local/bin/python"
_REQUIRED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ModelFile(NamedTuple):
    """A model version as `name@version`, its digest (SHA-256, hexadecimal), and where its bytes are."""

    model: str
    sha256: str
    path: Path


class Contents(NamedTuple):
    """What goes into an image above what many share: models of operators, and operators' code by path.

    `artifacts` and `code_directory` are where the process looks for them, as absolute paths. Models that are `fetched`
    when it starts are not in the image, which links to them in the directory `fetched_into`.
    """

    models: Sequence[ModelFile]
    code: Sequence[tuple[str, bytes]]
    artifacts: str
    code_directory: str
    labels: Mapping[str, str]
    fetched: Sequence[ModelFile] = ()
    fetched_into: str = ""


def shared_layers(layout: ImageLayout, base: Base, wheels: Sequence[Path]) -> list[Layer]:
    """The runtime and what it requires, then what operators require: the same for all images on a base.

    Raises ImageError for wheels that do not fit the base, or are not enough.
    """
    found = look_into(base, layout)
    by_name: dict[str, Path] = {}
    for path in wheels:
        other = by_name.setdefault(parse_wheel_name(path.name).name, path)
        if other is not path:
            raise ImageError(f"{other.name} and {path.name} are wheels of one package, and an image has one of it")
    if _RUNTIME not in by_name:
        raise ImageError(f"there is no wheel of {_RUNTIME} among those that are given")
    _must_fit(wheels, base, found)
    runtime = _required(_RUNTIME, by_name)
    own = [Link(_PYTHON.lstrip("/"), found.path)] if found.path != _PYTHON else []
    layers = [_of_wheels(layout, "the runtime", [by_name[one] for one in sorted(runtime)], own)]
    others = [path for name, path in sorted(by_name.items()) if name not in runtime]
    return [*layers, _of_wheels(layout, "what operators require", others, [])] if others else layers


def assemble(layout: ImageLayout, base: Base, shared: Sequence[Layer], contents: Contents) -> Built:
    """Put an image into a layout: a layer for each model, and one for the code, above those that are shared.

    Of models that are fetched the layout gets the files themselves, as blobs, and the image a link and a label.
    """
    by_digest: dict[str, list[ModelFile]] = {}
    for one in sorted(contents.models):
        by_digest.setdefault(one.sha256, []).append(one)
    models = [_of_model(layout, contents.artifacts, same) for same in by_digest.values()]
    files: list[File | Link] = [
        File(_inside(contents.code_directory, name), Plain(content)) for name, content in contents.code
    ]
    files += _links(layout, contents)
    if not models and not contents.fetched:  # processes refuse to start where the directory of models is not there
        files.append(File(_inside(contents.artifacts, ".empty"), Plain(b"")))
    code = write_layer(layout, "operators' code", files)
    away = " ".join(sorted({one.sha256 for one in contents.fetched}))
    labels = {**contents.labels, **({FETCHED: away} if away else {})}
    return build_image(layout, base, [*shared, *models, code], labels)


def _links(layout: ImageLayout, contents: Contents) -> Iterator[Link]:
    for sha256, path in sorted({one.sha256: one.path for one in contents.fetched}.items()):
        layout.keep(path, f"sha256:{sha256}")
        yield Link(_inside(contents.artifacts, sha256), f"{contents.fetched_into}/{sha256}")


def _must_fit(wheels: Sequence[Path], base: Base, found: Found) -> None:
    architecture = base.config["architecture"]
    wrong = [path.name for path in wheels if not fits(parse_wheel_name(path.name), found, architecture)]
    if wrong:
        named = ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise ImageError(
            f"{base.name} has {found.words}, {architecture}, and these wheels are for others: {named}; "
            f"`comb lock . --target {target_of(found, architecture).name}` finds those for it"
        )


def _required(name: str, wheels: Mapping[str, Path]) -> frozenset[str]:
    """The names of a wheel and all that it requires, in whatever circumstances, as far as they are there."""
    found: set[str] = set()
    todo = [name]
    while todo:
        one = todo.pop()
        if one in wheels and one not in found:
            found.add(one)
            todo += _requirements(wheels[one])
    return frozenset(found)


def _requirements(wheel: Path) -> Iterator[str]:
    for one in wheel_metadata(wheel).get_all("Requires-Dist") or []:
        match = _REQUIRED.match(str(one))
        if match is not None:
            yield re.sub(r"[-_.]+", "-", match[0]).lower()


def _of_wheels(layout: ImageLayout, title: str, wheels: Sequence[Path], own: Sequence[Link]) -> Layer:
    def make() -> Layer:
        files = {file.path: file for one in wheels for file in wheel_files(one, PACKAGES.lstrip("/"))}
        return write_layer(layout, title, [*own, *files.values()])  # of two of one path the last stays, as with pip

    links = [part for link in own for part in link]
    return remembered(layout, title, [PACKAGES, *links, *(file_digest(one) for one in wheels)], make)


def _of_model(layout: ImageLayout, artifacts: str, versions: Sequence[ModelFile]) -> Layer:
    """A layer for a file, which may be that of several versions."""
    title = f"model {', '.join(one.model for one in versions)}"
    file = versions[0]
    path = _inside(artifacts, file.sha256)

    def make() -> Layer:
        return write_layer(layout, title, [File(path, OnDisk(file.path, file.path.stat().st_size))])

    return remembered(layout, title, ["model", path], make)


def _inside(directory: str, name: str) -> str:
    return f"{directory.lstrip('/')}/{name}"
