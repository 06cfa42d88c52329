"""Registries as commands ask them: with docker's credentials, and failures in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comb_compiler.cli.exits import UsageError
from comb_compiler.workspace.errors import OutsideFailure

if TYPE_CHECKING:
    from comb_compiler.images.names import Reference
    from comb_compiler.images.requests import Requests

__all__ = ["asking_registries", "connect"]

_PACKAGES = ("docker", "urllib3")


@contextmanager
def asking_registries() -> Iterator[None]:
    """What a registry refuses is an OutsideFailure here, and that what asks them is not installed a UsageError."""
    from comb_compiler.images.failures import RegistryFailed

    try:
        yield
    except RegistryFailed as failure:
        raise OutsideFailure(str(failure), failure.hint) from failure
    except ModuleNotFoundError as missing:
        if missing.name not in _PACKAGES:
            raise
        raise UsageError(
            f"registries are asked by the Python package `{missing.name}`: pip install 'comb-compiler[images]'"
        ) from missing


def connect(image: "Reference") -> "Requests":
    """Requests to an image's registry."""
    from functools import cache

    from comb_compiler.images.credentials import docker_credential
    from comb_compiler.images.requests import Requests

    return Requests(image.address, cache(lambda: docker_credential(image.host)))
