"""Have a scanner look for known weaknesses in images: Trivy or Grype, whichever is on PATH.

Each image of the layout is handed over once, whole; what follows `--` is for the scanner. Its own code decides: what is
not 0 is a finding. Both end with 0 whatever they find, unless they are told what counts, as below. Where there is no
scanner, or something kills it, nothing is known, which is a failure of what is outside (code 4), and no pass.

example:
  comb image scan images
  comb image scan images --scanner trivy -- --severity CRITICAL --exit-code 1
  comb image scan images --scanner grype -- --fail-on high
"""

import argparse
import subprocess
from collections.abc import Sequence
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
    from comb_compiler.images.scan import HOW_TO_GET_ONE, SCANNERS, find_scanner, layout_of_one, see_that_it_is_whole

    layout = ImageLayout(Path(arguments.layout))
    try:
        images = dict({image.digest: (name, image) for name, image in layout.images().items()}.values())
        if not images:
            raise UsageError(f"{layout.path}: there are no images; `comb image build -o {layout.path}` makes them")
        scanner = find_scanner((arguments.scanner,) if arguments.scanner else SCANNERS)
        if scanner is None:
            wanted = f"{arguments.scanner} is not" if arguments.scanner else f"neither {' nor '.join(SCANNERS)} is"
            raise OutsideFailure(f"nothing was scanned: {wanted} on PATH", HOW_TO_GET_ONE)
        see_that_it_is_whole(layout, images)
    except ImageError as problem:
        raise UsageError(str(problem)) from problem
    failed = 0
    for name, image in images.items():
        console.note(f"{scanner.name} scans {name}")
        with layout_of_one(layout, name, image) as one:
            code = _code_of(scanner.command(one, arguments.more), name)
        if code:
            failed += 1
            console.note(f"{scanner.name} ended with code {code} for {name}")
    return Exit.FINDINGS if failed else Exit.CLEAN


def _code_of(command: Sequence[str], name: str) -> int:
    """The code that a scanner ends with by itself. Raises OutsideFailure where it does not."""
    program = command[0]
    try:
        code = subprocess.run(command, check=False).returncode  # noqa: S603  named by the user
    except OSError as problem:
        raise OutsideFailure(f"nothing was scanned: {program} cannot be started: {problem.strerror}") from problem
    if code < 0:
        raise OutsideFailure(f"{program} was killed by signal {-code} while it scanned {name}", "run it again")
    return code
