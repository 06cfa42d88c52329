"""pip, in a process of its own, as if it ran on a base: what it finds there, and what it says when it finds nothing."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from comb_compiler.images.targets import Target

__all__ = ["PipFailed", "pip", "shortened"]

_SECONDS = 1800
_LONGEST = 600
_QUIET = ("--progress-bar", "off", "--no-input", "--no-color", "--disable-pip-version-check")
# pip has options for the tags of another machine, and none for its markers (PEP 508): `sys_platform` and the like would
# be those of this machine, and a lock that is written on a Mac would lack what Linux needs.
_RUN = """
import json, sys
try:
    import pip._vendor.packaging.markers as markers
    from pip._internal.cli.main import main
except ImportError:
    sys.exit(97)
there, here = json.loads(sys.argv.pop(1)), markers.default_environment
markers.default_environment = lambda *arguments: {**here(*arguments), **there}
sys.exit(main(sys.argv[1:]))
"""
_NO_PIP = 97
_LOG = "pip.log"
_NO_INDEX = re.compile(
    r"Could not fetch URL (?!.* 404 )|Retrying \(|ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|"
    r"\b(?:401|403|407|429|5\d\d) (?:Client|Server) Error"
)
_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_NOISE = re.compile(r"WARNING|DEPRECATION|\[notice\]|ERROR: Ignored the following yanked|ERROR: ResolutionImpossible")
_CAUSE = re.compile(r"^The conflict is caused by:\n((?:[ ]+\S.*\n)+)", re.MULTILINE)
_DEPENDS = re.compile(r"(?<=\S) .* depends on .*")  # of many versions of a package, what the newest wants
_LINE = re.compile(r"-[rc] \S+ \(line \d+\)")
_VERSIONS = re.compile(r"\(from versions: ([^)]+)\)")
_NEWEST = 3


class PipFailed(Exception):
    """pip is not there, has no room, or its index does not answer; the message is a sentence. It may help to repeat."""


def pip(arguments: Sequence[str], target: Target, directory: str) -> subprocess.CompletedProcess[str]:
    """Run a command of pip with the markers of a target, in an empty directory. Raises PipFailed."""
    command = [sys.executable, "-P", "-c", _RUN, json.dumps(target.markers()), *arguments, *_QUIET, "--log", _LOG]
    try:
        done = subprocess.run(  # noqa: S603  the program is our own Python; what is asked for is in files
            command, cwd=directory, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as problem:
        raise PipFailed(f"pip was not done after {_SECONDS // 60} minutes") from problem
    if done.returncode == _NO_PIP:
        raise PipFailed(f"requirements are resolved by pip, and {sys.executable} has none that can be used")
    if done.returncode and _NO_INDEX.search(done.stderr + _logged(directory)):
        raise PipFailed("the index that pip is configured with does not answer, or refuses: see `pip config list`")
    if done.returncode and _FULL.search(done.stderr):
        raise PipFailed(
            f"no space is left for what pip fetches, in `{directory}` or where temporary files are (TMPDIR)"
        )
    return done


def _logged(directory: str) -> str:
    """What pip tells its log alone: that an index did not answer is among it."""
    try:
        return Path(directory, _LOG).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def shortened(done: "subprocess.CompletedProcess[str]") -> str:
    """What pip said of what is wrong: without warnings and advice, and with the newest of many versions."""
    lines = [line.removeprefix("ERROR: ") for line in done.stderr.split("\n") if not _NOISE.match(line)]
    cause = _CAUSE.search(done.stdout)  # which pip takes for a mere information
    if cause is not None:
        lines = list({_DEPENDS.sub("", line): line for line in reversed(cause[1].split("\n"))}.values())[::-1]
    said = " · ".join(dict.fromkeys(line.strip() for line in lines if line.strip()))
    words = _LINE.sub("what is required", _VERSIONS.sub(_newest, said)) or "it says nothing"
    words = "".join(one if one.isprintable() else "�" for one in words)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def _newest(match: re.Match[str]) -> str:
    versions = match[1].split(", ")
    more = len(versions) - _NEWEST
    return f"(from versions: {f'{more} others, ' if more > 0 else ''}{', '.join(versions[-_NEWEST:])})"
