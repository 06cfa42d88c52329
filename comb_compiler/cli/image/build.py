"""Build the images that a comb's pods run: one for each process and class of device, and images.json, which names them.

No engine is needed: layers are assembled from wheels, models and code, on a base that has Python. Operators' code is
imported first, in a process of its own, so that what cannot start is found before it is pushed. The same inputs make
the same digests, on any machine. Bases are those that the platform names by digest, or others; wheels are those that
`comb lock` pinned for the base, which pip fetches once, or those of a directory.

example:
  comb lock . --target cp312-manylinux_2_36_x86_64
  comb image build . --platform platform.yaml --environment production -o images
  comb render . --platform platform.yaml --environment production --images images.json -o rendered
"""

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from comb_compiler.cli.console import Console
from comb_compiler.cli.environments import must_have_environment
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.image.bases import FORM, chosen_bases, in_words
from comb_compiler.cli.image.contents import contents_of, models_of, what_is_lacking
from comb_compiler.cli.opening import Clean, open_clean
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import Base, Built
    from comb_compiler.plan import Group

__all__ = ["add_arguments", "heavy", "run"]

_CLIENTS = {"elasticsearch": "`elasticsearch>=8.15,<9`", "happybase": "`happybase`", "thriftpy2": "`thriftpy2`"}
"""What a production sample store is spoken to with, and what says so among requirements."""
_GIVEN_UP = 3600.0
"""Seconds after which what nothing was written to any more is left of a build that was killed."""
_MOST_OF_A_MODEL = 2 << 30
"""Bytes from which on a model is better fetched than unpacked, on whatever node."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("comb", metavar="COMB", help="a comb.yaml, or the directory with one")
    add("--platform", metavar="FILE", required=True, help="the platform.yaml that it runs on")
    add("--environment", metavar="NAME", required=True, help="where it is to run")
    add("--wheels", metavar="DIR", help="wheels of the runtime and of what is required (default: comb.lock's, by pip)")
    add(
        "--base",
        metavar=FORM,
        action="append",
        default=[],
        help="the base for a class of device, or for `cpu` and others: an image of a registry by its digest, an OCI "
        "layout, or what `docker save` wrote; one with musl, as alpine, is small and does where each wheel is there "
        "for it, and GPUs want glibc (default: the platform's `registry.base`, or else comb.lock's)",
    )
    add("-o", "--output", metavar="DIR", required=True, help="the OCI layout that gets the images")
    add("--images", metavar="FILE", default="images.json", help="what names them (default: images.json)")
    add("--attest", metavar="DIR", help="write what is in each image (CycloneDX) and its provenance (in-toto) there")
    add("--builder", metavar="URI", default="", help="who builds, for the provenance (default: this machine)")
    add(
        "--no-code",
        action="store_true",
        help="do not import operators' code to see whether it can be: what it requires is not installed here; what "
        "the image lacks of it is said, and built all the same",
    )
    add("--root", metavar="DIR", help="the root of the checkout (default: where .git is)")


class _Needed(NamedTuple):
    """Who needs an image: by process and class of device; what the platform builds on, and where it pushes to."""

    groups: "Mapping[str, Mapping[str, Group]]"
    bases: Mapping[str, str]
    push: str
    is_recorded: bool
    """Whether pods record samples on servers, which takes their clients."""


class _Wheels(NamedTuple):
    """Where wheels come from: a directory, or comb.lock; `scratch` is for the runtime's own.

    `used` are those of each base, by its digest, once they were asked for.
    """

    given: str | None
    scratch: Path
    used: dict[str, list[Path]]

    def of(self, clean: Clean, base: "Base", layout: "ImageLayout") -> list[Path]:
        """The wheels for a base."""
        from comb_compiler.cli.image.locked import locked_wheels

        if self.given is None:
            found = locked_wheels(clean, base, layout, self.scratch)
        elif Path(self.given).is_dir():
            found = sorted(path for path in Path(self.given).glob("*.whl") if path.is_file())
        else:
            raise UsageError(f"--wheels {self.given}: there is no such directory")
        self.used[base.digest] = found
        return found


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import ImageError

    clean = open_clean(arguments.comb, console, "has images")
    needed = None if clean is None else _needed(clean, arguments, console)
    if clean is None or needed is None or not (arguments.no_code or _is_well(clean, console)):
        return Exit.FINDINGS
    layout = ImageLayout(Path(arguments.output))
    try:
        with _writing(layout.path), tempfile.TemporaryDirectory(prefix="comb-runtime-") as scratch:
            layout.prepare()
            layout.tidy(datetime.now(UTC).timestamp() - _GIVEN_UP)
            wheels = _Wheels(arguments.wheels, Path(scratch), {})
            built = _built(layout, clean, needed, wheels, arguments, console)
            if arguments.attest is not None:
                with _writing(arguments.attest):
                    _attest(clean, needed, wheels, arguments, built)
            layout.name({f"{needed.push}/{name}": one.manifest for name, one in built.items()})
        with _writing(arguments.images):
            _write(Path(arguments.images), needed, built)
    except ImageError as problem:
        raise UsageError(str(problem)) from problem
    for name, one in built.items():
        console.result(_line(name, one))
    for model in heavy(built.values()):
        console.note(f"{model}: pods start sooner where images lack it: `fetch: start`, at the model in comb.yaml")
    if needed.is_recorded and (lacking := _lacking(wheels.used.values())):
        console.note(
            f"no wheel of {' and '.join(lacking)}: pods record no samples into the platform's `sampleStore`, unless "
            f"the base has them: add {', '.join(_CLIENTS.values())} to what the comb requires, and run `comb lock`"
        )
    console.note(f"{arguments.images} names them; {layout.path} has them")
    return Exit.CLEAN


def _lacking(wheels: "Iterable[Iterable[Path]]") -> list[str]:
    """The clients of sample stores that the wheels of some base are without."""
    had = [{one.name.partition("-")[0].lower() for one in some} for some in wheels]
    return [name for name in _CLIENTS if not all(name in names for names in had)]


@contextmanager
def _writing(what: Path | str) -> Iterator[None]:
    """That a disk does not take something, as OutsideFailure."""
    try:
        yield
    except OSError as problem:
        raise OutsideFailure(f"`{what}` cannot be written: {problem.strerror}") from problem


def heavy(built: "Iterable[Built]", most: int = _MOST_OF_A_MODEL) -> list[str]:
    """The layers of models in images that are larger than most, with their sizes, for people."""
    from comb_compiler.cli.tables import size

    layers = {layer for one in built for layer in one.layers if layer.title.startswith("model ")}
    return [f"{one.title} has {size(one.blob.size)}" for one in sorted(layers) if one.blob.size > most]


def _is_well(clean: Clean, console: Console) -> bool:
    """Whether operators' code can be imported, and is what comb.yaml says; what is wrong is shown."""
    from comb_compiler.cli.code import check_code
    from comb_compiler.cli.reporting import report
    from comb_compiler.cli.verdicts import VerdictCache, default_directory
    from comb_compiler.diagnostics import has_errors

    console.progress("importing operators' code")
    found = check_code(clean.checkout, [clean.main], VerdictCache(default_directory()).memo)
    console.progress("")
    if has_errors(found):
        console.note(report(tuple(found), "text", clean.checkout, console).rstrip("\n"))
        console.note("--no-code builds without importing it, where what it requires is not installed here")
    return not has_errors(found)


def _needed(clean: Clean, arguments: argparse.Namespace, console: Console) -> _Needed | None:
    """What rendering would ask for; None where it has something to say, which is shown."""
    from comb_compiler.cli.reporting import report
    from comb_compiler.cli.verdicts import VerdictCache, default_directory
    from comb_compiler.compiler import check
    from comb_compiler.compiler.images import to_build, unbuilt_images
    from comb_compiler.compiler.render import render_comb
    from comb_compiler.diagnostics import has_errors
    from comb_compiler.source.sourceset import Unavailable
    from comb_compiler.workspace.sources import load_sources

    memo = VerdictCache(default_directory()).memo
    file = clean.checkout.relative(arguments.platform)
    if isinstance(file, Unavailable):
        raise UsageError(f"--platform {arguments.platform}: {file.message}")
    sources = load_sources(clean.checkout, clean.main, memo), load_sources(clean.checkout, file, memo)
    must_have_environment(check(sources[1], memo=memo), arguments.environment)
    rendered = render_comb(*sources, arguments.environment, unbuilt_images, memo)
    if has_errors(rendered.diagnostics) or not rendered.clusters:
        console.note(report(rendered.diagnostics, "text", clean.checkout, console).rstrip("\n"))
        return None
    assert rendered.platform is not None
    assert rendered.platform.value is not None
    assert rendered.plan is not None
    assert rendered.comb is not None
    assert rendered.comb.value is not None
    platform = rendered.platform.value
    registry, is_recorded = platform.registry, platform.sample_store.hbase is not None
    return _Needed(to_build(rendered.plan, rendered.comb.value), registry.base, registry.push, is_recorded)


def _built(
    layout: "ImageLayout",
    clean: Clean,
    needed: _Needed,
    wheels: _Wheels,
    arguments: argparse.Namespace,
    console: Console,
) -> "dict[str, Built]":
    """Images by `process/device`."""
    from comb_compiler.cli.image.locked import locked_bases
    from comb_compiler.images.assembling import assemble, shared_layers

    classes = {device for devices in needed.groups.values() for device in devices}
    chosen = chosen_bases(arguments.base, needed.bases, classes, layout, locked_bases(clean))
    for line in in_words(chosen, layout):
        console.note(line)
    bases = {device: one.base for device, one in chosen.items()}
    shared = {}
    for base in {base.digest: base for base in bases.values()}.values():
        shared[base.digest] = shared_layers(layout, base, wheels.of(clean, base, layout))
        lacking = what_is_lacking(clean, base, wheels.used[base.digest], layout)
        if lacking and not arguments.no_code:
            raise UsageError(f"{lacking} (--no-code builds all the same)")
        console.note(lacking)
    built = {}
    for process, devices in needed.groups.items():
        for device, group in devices.items():
            console.progress(f"building {process} for {device}")
            contents = contents_of(clean, group.operators)
            built[f"{process}/{device}"] = assemble(layout, bases[device], shared[bases[device].digest], contents)
    console.progress("")
    return built


def _attest(
    clean: Clean, needed: _Needed, wheels: _Wheels, arguments: argparse.Namespace, built: "Mapping[str, Built]"
) -> None:
    from comb_compiler.cli.image.attesting import attest, described

    images = {}
    for name, one in built.items():
        process, _, device = name.partition("/")
        operators = needed.groups[process][device].operators
        models = [model for operator, model in models_of(clean) if operator in operators]
        images[name] = described(f"{needed.push}/{process}", one, wheels.used[one.base.digest], models)
    attest(Path(arguments.attest), clean, arguments.environment, arguments.builder, images)


def _write(file: Path, needed: _Needed, built: "Mapping[str, Built]") -> None:
    from comb_compiler.images.layout import replace_whole

    images: dict[str, dict[str, str]] = {}
    for name, one in built.items():
        process, _, device = name.partition("/")
        images.setdefault(process, {})[device] = f"{needed.push}/{process}@{one.manifest.digest}"
    replace_whole(file, f"{json.dumps({'version': 1, 'images': images}, indent=2)}\n".encode())


def _line(name: str, built: "Built") -> str:
    from comb_compiler.cli.tables import size

    below = sum(one.size for one in built.base.layers)
    layers = ", ".join(f"{one.title} {size(one.blob.size)}" for one in built.layers)
    return f"{name}  {built.manifest.digest}\n  base {size(below)}, {layers}"
