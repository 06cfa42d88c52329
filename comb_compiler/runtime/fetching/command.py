"""Fetch models before a process starts: `python -m comb_compiler.runtime.fetching REGISTRY/NAME SHA256… --into DIR`.

Each is a blob of the registry, and becomes the file of DIR that its digest names; bytes that have another are none.
What is there already, or among --artifacts, is not fetched. Credentials are those of DOCKER_CONFIG/config.json, where
that is set.

exit codes: 0 all are there; 1 one is not, with a sentence that says why; 2 wrong usage.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from comb_compiler.runtime.fetching.blobs import CannotFetch, fetch_blob
from comb_compiler.runtime.fetching.registries import Registry

__all__ = ["main"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = _parser()
    options = parser.parse_args(arguments)
    host, _, repository = options.repository.partition("/")
    wrong = next((one for one in options.digests if not _SHA256.fullmatch(one)), None)
    if not repository or wrong is not None:
        parser.error(f"{wrong!r} is no SHA-256" if wrong is not None else "write REGISTRY/NAME")
    configuration = os.environ.get("DOCKER_CONFIG")
    registry = Registry(host, repository, None if configuration is None else Path(configuration, "config.json"))
    for sha256 in options.digests:
        before = time.monotonic()
        if options.artifacts is not None and (options.artifacts / sha256).is_file():
            _say(f"{sha256} is in the image")
            continue
        try:
            count = fetch_blob(registry, sha256, options.into)
        except CannotFetch as problem:
            _say(f"error: model {sha256}: {problem}")
            return 1
        seconds = max(time.monotonic() - before, 0.001)
        _say(f"{sha256}: {count / 1e6:.1f} MB fetched in {seconds:.1f} s" if count else f"{sha256} is there")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m comb_compiler.runtime.fetching",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("repository", metavar="REGISTRY/NAME", help="where the registry has them")
    parser.add_argument("digests", metavar="SHA256", nargs="+", help="which ones, in hexadecimal")
    parser.add_argument("--into", metavar="DIR", type=Path, required=True, help="the directory that they are put into")
    parser.add_argument("--artifacts", metavar="DIR", type=Path, help="where the image has models, perhaps these")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
