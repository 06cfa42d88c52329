"""Images of combs that a change touches: built in a directory of their own, and named in one file where they ship."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from comb_compiler.cli.ci.processes import said_by, verdict_by
from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit

__all__ = ["Building", "building_of", "pushed"]


class Building(NamedTuple):
    """How images are made: in what directory, on what platform, and for which of its environments."""

    directory: Path
    platform: str
    environment: str

    def layout(self, comb: str) -> Path:
        """The OCI layout of a comb's images; what is in it is taken over by the next build, where it is the same."""
        return self.directory / comb

    def named(self, comb: str) -> Path:
        """What names them."""
        return self.directory / f"{comb}.images.json"

    def asked(self, comb: str) -> tuple[str, ...]:
        """How `comb gate --target container` is told to run them."""
        return ("--images", str(self.layout(comb)), "--environment", self.environment)

    def failure(self, comb: str, main: str, root: str) -> tuple[str, str] | None:
        """Build them, by a process of its own, since code of the comb is imported. None, or a verdict and why."""
        command = [sys.executable, "-m", "comb_compiler", "image", "build", os.path.join(root, main)]
        command += ["--platform", self.platform, "--environment", self.environment]
        command += ["-o", str(self.layout(comb)), "--images", str(self.named(comb))]
        self.directory.mkdir(parents=True, exist_ok=True)
        code, said = said_by(command, root)
        if code == Exit.CLEAN:
            return None
        why = said or f"`comb image build` ended with {code}"
        return verdict_by(code), f"its images cannot be built for {self.environment}: {why}"


def building_of(arguments: argparse.Namespace, environment: str) -> Building:
    """How images are made by processes with the checkout as their directory, as `--build` and `--platform` say."""
    return Building(Path(os.path.abspath(arguments.build)), os.path.abspath(arguments.platform), environment)


def pushed(combs: Mapping[str, str], building: Building, root: str | None, console: Console) -> str | None:
    """Build images of combs, files by name, without running their code; send them; the file that names them all.

    None where one cannot be built, which is told. Raises UsageError and OutsideFailure.
    """
    from comb_compiler.cli.image import build, push
    from comb_compiler.release.images import parse_images

    building.directory.mkdir(parents=True, exist_ok=True)
    images: dict[str, dict[str, str]] = {}
    how: dict[str, Any] = {"platform": building.platform, "environment": building.environment, "root": root}
    how |= {"wheels": None, "base": [], "attest": None, "builder": "", "no_code": True}
    for name, main in combs.items():
        layout, file = str(building.layout(name)), str(building.named(name))
        if build.run(argparse.Namespace(comb=main, output=layout, images=file, **how), console) != Exit.CLEAN:
            return None
        push.run(argparse.Namespace(layout=layout, images=file), console)
        images |= {process: dict(one) for process, one in parse_images(Path(file).read_bytes()).by_process.items()}
    whole = building.directory / "images.json"
    whole.write_text(json.dumps({"version": 1, "images": images}, indent=2) + "\n", encoding="utf-8")
    return str(whole)
