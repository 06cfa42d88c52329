"""A Dockerfile that makes what `comb image build` makes, with an engine: for who must run something on the way.

Files are named by what they are or by their digest, so that no name of anybody's is in it; what is, is a word of a
label or of a base, and is refused or escaped where a builder would read more into it. The template is ours: nothing
that anybody wrote is evaluated.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from comb_compiler.images.building import HEALTH, PACKAGES, USER
from comb_compiler.images.model import ImageError

__all__ = ["CODE", "IGNORED", "MODELS", "REQUIREMENTS", "Recipe", "dockerfile"]

REQUIREMENTS = "requirements.lock.txt"
MODELS = "artifacts"
CODE = "code"
"""Where things are in the context."""
IGNORED = (
    *("**/.git", "**/.comb", "**/__pycache__", "**/*.pyc", "**/.venv", "**/node_modules"),
    *("**/.env", "**/.env.*", "**/*.pem", "**/*.key", "**/*.p12", "**/id_rsa*", "**/id_ed25519*", "**/.netrc"),
    *("**/.pypirc", "**/.npmrc", "**/.docker", "**/.aws", "**/.ssh", "**/.kube", "**/*.kubeconfig"),
)
"""Lines of .dockerignore: what no context needs, and secrets by their usual names."""
_LINK = (
    "import os, shutil, sys; place = '/usr/local/bin'; os.makedirs(place, exist_ok=True); "
    "shutil.which('python') or os.symlink(sys.executable, place + '/python')"
)
_IMAGE = re.compile(r"[a-z0-9][-._:/a-z0-9]*(?:@sha256:[0-9a-f]{64})?")
_NAME = re.compile(r"[a-z0-9](?:[-._a-z0-9]*[a-z0-9])?")
_WHEEL = re.compile(r"[-.+!_A-Za-z0-9]+\.whl")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Recipe(NamedTuple):
    """What a Dockerfile is made of: `models` are digests, `runtime` is the file of a wheel in the context.

    `artifacts` and `code_directory` are where the process looks for them, as absolute paths.
    """

    comb: str
    base: str
    runtime: str
    models: Sequence[str]
    artifacts: str
    code_directory: str
    labels: Mapping[str, str]


def dockerfile(recipe: Recipe) -> str:
    """The Dockerfile. Raises ImageError for a word that would be more than a word."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    for what, pattern, words in (
        ("a base image", _IMAGE, (recipe.base,)),
        ("a comb", _NAME, (recipe.comb,)),
        ("a wheel", _WHEEL, (recipe.runtime,)),
        ("a model's digest", _SHA256, recipe.models),
        ("a label", _NAME, recipe.labels),
    ):
        wrong = next((word for word in words if not pattern.fullmatch(word)), None)
        if wrong is not None:
            raise ImageError(f"`{_shown(wrong)}` cannot name {what} in a Dockerfile")
    made = Environment(
        loader=PackageLoader("comb_compiler.images"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  this is no HTML: what is not a name is `quoted`
    )
    made.filters.update(quoted=_quoted, listed=lambda words: json.dumps(list(words)))
    places = {"packages": PACKAGES, "requirements": REQUIREMENTS, "models_here": MODELS, "code_here": CODE}
    ours = {**places, "user": USER, "health": HEALTH, "link": _LINK}
    return made.get_template("Dockerfile.jinja").render(**recipe._asdict(), **ours)


def _quoted(value: str) -> str:
    """A word of an instruction, in which no quote, variable, escape or line break means anything to a builder."""
    if any(not one.isprintable() for one in value):
        raise ImageError(f"`{_shown(value)}` has characters that no label can have")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _shown(text: str) -> str:
    printable = "".join(one if one.isprintable() else "�" for one in text)
    return printable if len(printable) <= 80 else printable[:79] + "…"
