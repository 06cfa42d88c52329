"""The templates that are installed with Comb, and those of another Comb: a wheel, or a checkout."""

import hashlib
import zipfile
from pathlib import Path, PurePosixPath

import comb_compiler
from comb_compiler.cli.exits import UsageError

__all__ = ["KINDS", "digest_of", "installed", "unpacked"]

KINDS = {
    "algorithm": "a comb that works, with a model, samples, tests and a workflow",
    "environment": "where combs are published and Flux deploys from",
}
_IN_A_WHEEL = "comb_compiler/templates"
_IN_A_CHECKOUT = "repo-template"


def installed() -> Path:
    """The directory of the templates of this Comb, one below it for each kind."""
    package = Path(comb_compiler.__file__).parent
    homes = (package / "templates", package.parent / _IN_A_CHECKOUT)  # in a wheel, and in Comb's own checkout
    return next(home for home in homes if home.is_dir())


def unpacked(place: Path, into: Path) -> Path:
    """The directory of the templates of another Comb; those in a wheel are unpacked. Raises UsageError."""
    if (place / _IN_A_CHECKOUT).is_dir():
        return place / _IN_A_CHECKOUT
    try:
        with zipfile.ZipFile(place) as wheel:
            names = [name for name in wheel.namelist() if PurePosixPath(name).is_relative_to(_IN_A_WHEEL)]
            wheel.extractall(into, names)  # zipfile leaves nothing outside of `into`
    except (OSError, zipfile.BadZipFile) as problem:
        raise UsageError(f"{place}: this is neither a wheel nor a checkout of Comb") from problem
    if not names:
        raise UsageError(f"{place}: there are no templates in it")
    return into / _IN_A_WHEEL


def digest_of(template: Path) -> str:
    """The SHA-256 over a template's files and their names: the same template has the same wherever it is."""
    whole = hashlib.sha256()
    for path in sorted(one for one in template.rglob("*") if one.is_file() and "__pycache__" not in one.parts):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(template).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()
