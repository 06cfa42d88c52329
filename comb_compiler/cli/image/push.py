"""Send the images that `comb image build` made to their registry, by digest.

What images.json names is there afterwards, and `comb render` may take it. What a registry has already is not sent
again, so that a push which was cut off or killed goes on where it ended, within a blob too where that is large.
Credentials are docker's: what `docker login` keeps, and the helpers that its configuration names. No engine is needed.

example:
  comb image push images --images images.json
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.cli.verdicts import default_directory

if TYPE_CHECKING:
    from comb_compiler.images.names import Reference
    from comb_compiler.images.pushing import Pushed

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("layout", metavar="DIR", help="the OCI layout that `comb image build` wrote")
    add("--images", metavar="FILE", default="images.json", help="what names the images (default: images.json)")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.cli.image.registries import asking_registries, connect
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import ImageError

    images = _images(arguments.images)
    try:
        with asking_registries():
            from comb_compiler.images.begun import Begun
            from comb_compiler.images.pushing import push_images

            layout, begun = (
                ImageLayout(Path(arguments.layout)),
                Begun(Path(default_directory()) / "uploads", time.time()),
            )
            for one in push_images(layout, images, connect, console.progress, begun):
                console.progress("")
                console.result(_line(one, "\n  " if console.is_terminal else "  "))
    except ImageError as problem:
        raise UsageError(str(problem)) from problem
    finally:
        console.progress("")
    return Exit.CLEAN


def _images(file: str) -> "list[Reference]":
    from comb_compiler.images.model import ImageError
    from comb_compiler.images.names import parse_reference
    from comb_compiler.release.images import BadImages, parse_images

    if Path(file).exists() and not Path(file).is_file():
        raise UsageError(f"--images {file}: it is no file")
    try:
        images = parse_images(Path(file).read_bytes())
        return [parse_reference(image) for devices in images.by_process.values() for image in devices.values()]
    except FileNotFoundError as problem:
        raise UsageError(f"--images {file}: there is no such file; `comb image build` writes it") from problem
    except OSError as problem:
        raise UsageError(f"--images {file}: it cannot be read: {problem.strerror}") from problem
    except (BadImages, ImageError) as problem:
        raise UsageError(f"--images {file}: {problem}") from problem


def _line(one: "Pushed", between: str) -> str:
    from comb_compiler.cli.tables import size

    if not one.sent:
        return f"{one.image}{between}nothing to send"
    total = size(sum(blob.size for blob in one.sent))
    return f"{one.image}{between}{len(one.sent)} of {len(one.layers)} layers sent, {total}"
