"""Have a scanner look for known weaknesses in images: Trivy or Grype, whichever is on PATH.

Each image of the layout is handed over once; what follows `--` is for the scanner. Its own code decides: anything but 0
is a finding. Where there is no scanner nothing was scanned, which is a failure of what is outside (code 4), not a pass.

example:
  comb image scan images
  comb image scan images --scanner trivy -- --severity CRITICAL --exit-code 1
  comb image scan images --scanner grype -- --fail-on high
"""

import argparse
import subprocess
from pathlib import Path

from comb_compiler.cli.console import Console
from comb_compiler.cli.exits import Exit, UsageError
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("layout", metavar="DIR", help="the OCI layout that `comb image build` wrote")
    parser.add_argument("--scanner", choices=("trivy", "grype"), help="which one (default: the first that is there)")
    parser.add_argument("more", metavar="OPTION", nargs="*", help="after `--`: options of the scanner's own")


def run(arguments: argparse.Namespace, console: Console) -> int:
    from comb_compiler.images.layout import ImageLayout
    from comb_compiler.images.model import ImageError
    from comb_compiler.images.scan import HOW_TO_GET_ONE, SCANNERS, find_scanner, layout_of_one

    layout = ImageLayout(Path(arguments.layout))
    try:
        images = {image.digest: (name, image) for name, image in layout.images().items()}
    except ImageError as problem:
        raise UsageError(str(problem)) from problem
    if not images:
        raise UsageError(f"{layout.path}: there are no images; `comb image build -o {layout.path}` makes them")
    scanner = find_scanner((arguments.scanner,) if arguments.scanner else SCANNERS)
    if scanner is None:
        wanted = arguments.scanner or " nor ".join(SCANNERS)
        raise OutsideFailure(f"nothing was scanned: {wanted} is not on PATH", HOW_TO_GET_ONE)
    failed = 0
    for name, image in images.values():
        console.note(f"{scanner.name} scans {name}")
        with layout_of_one(layout, name, image) as one:
            done = subprocess.run(scanner.command(one, arguments.more), check=False)  # noqa: S603  named by the user
        if done.returncode:
            failed += 1
            console.note(f"{scanner.name} ended with code {done.returncode} for {name}")
    return Exit.FINDINGS if failed else Exit.CLEAN
