"""The template that a repository was made from: in another Comb, which pip fetches or the user names."""

import subprocess
import sys
from pathlib import Path

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.init.recorded import FILE, Recorded
from comb_compiler.cli.init.templates import digest_of, installed, unpacked
from comb_compiler.diagnostics import Diagnostic, Span, codes
from comb_compiler.diagnostics.model import diagnose
from comb_compiler.workspace.errors import OutsideFailure

__all__ = ["former_template"]

_SECONDS = 600
_QUIET = ("--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--quiet")


def former_template(recorded: Recorded, named: str | None, into: Path) -> Path | Diagnostic:
    """Its directory; a finding where it is not the one that was recorded. Raises OutsideFailure and UsageError."""
    own = installed() / recorded.template
    if digest_of(own) == recorded.digest:
        return own
    place = Path(named) if named is not None else _fetched(recorded.version, into)
    template = unpacked(place, into) / recorded.template
    if digest_of(template) == recorded.digest:
        return template
    hint = "`--from` takes the wheel, or the checkout, of the Comb that made it"
    message = f"the template that this was made from is not that of {place.name}"
    return diagnose(codes.LOST_TEMPLATE, message, Span.whole_file(FILE), hints=(hint,))


def _fetched(version: str, into: Path) -> Path:
    """The wheel of that Comb, from the index that pip is configured with. Nothing of it is run."""
    if not version or not all(one.isalnum() or one in ".+!" for one in version):
        raise UsageError(f"{FILE} names no version of Comb: {version!r}")
    command = [sys.executable, "-m", "pip", "download", *_QUIET, "--dest", str(into), f"comb-compiler=={version}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603  our own Python
    except subprocess.TimeoutExpired as problem:
        raise OutsideFailure(f"pip was not done after {_SECONDS // 60} minutes") from problem
    wheels = sorted(into.glob("comb_compiler-*.whl"))
    if done.returncode or not wheels:
        hint = "name its wheel or its checkout: `--from`"
        raise OutsideFailure(f"pip does not fetch Comb {version}, whose template this was made from", hint)
    return wheels[0]
