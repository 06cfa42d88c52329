"""A Docker engine: found, asked, and given images of a layout."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import Descriptor
from comb_compiler.images.saving import save_images

if TYPE_CHECKING:
    from docker import DockerClient

__all__ = ["HOW_TO_GET_ONE", "Engine", "EngineFailed", "asking", "connect", "have", "load"]

HOW_TO_GET_ONE = (
    "install Docker or Podman (https://docs.docker.com/engine/install), start it, and see that `docker version` "
    "shows a server; another one is named by DOCKER_HOST"
)
Engine: TypeAlias = "DockerClient"
"""What `connect` gives."""
_PATIENCE = 120


class EngineFailed(Exception):
    """There is no engine, or it does not answer any more. `hint` is advice, or empty."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@contextmanager
def connect() -> Iterator["DockerClient"]:
    """The engine that docker's own configuration names. Raises EngineFailed."""
    try:
        import docker
        from docker.errors import DockerException
    except ModuleNotFoundError as error:
        message = "engines are asked by the Python package `docker`"
        raise EngineFailed(message, "install the extra: pip install 'comb-compiler[images]'") from error
    try:
        client = docker.from_env(timeout=_PATIENCE)
        client.ping()
    except (DockerException, OSError) as problem:
        raise EngineFailed("there is no container engine that answers", HOW_TO_GET_ONE) from problem
    try:
        yield client
    finally:
        client.close()


@contextmanager
def asking() -> Iterator[None]:
    """Whatever an engine refuses, and that it is gone, as EngineFailed."""
    from docker.errors import APIError, DockerException

    try:
        yield
    except APIError as problem:
        said = str(problem.explanation or problem).strip().split("\n")
        raise EngineFailed(f"the engine refuses: {said[0][:300]}") from problem
    except (DockerException, OSError) as problem:
        raise EngineFailed("the engine does not answer any more", HOW_TO_GET_ONE) from problem


def load(client: "DockerClient", layout: ImageLayout, image: Descriptor) -> str:
    """Have an engine know an image of a layout: its name there. Raises EngineFailed."""
    name = f"comb.invalid/image:{image.digest.partition(':')[2]}"
    with asking():
        if _has(client, name):
            return name
        with tempfile.TemporaryFile() as archive:
            save_images(layout, {name: image}, archive)
            archive.seek(0)
            client.images.load(archive)
    return name


def have(client: "DockerClient", reference: str) -> None:
    """Have an engine pull an image that it does not know, by docker's own credentials. Raises EngineFailed."""
    with asking():
        if not _has(client, reference):
            client.images.pull(reference)


def _has(client: Any, name: str) -> bool:
    from docker.errors import ImageNotFound

    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True
