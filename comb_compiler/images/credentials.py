"""Who we are to a registry, as docker's own configuration and its helpers say: what `docker login` left there."""

import warnings
from typing import NamedTuple

from comb_compiler.images.failures import RegistryFailed

__all__ = ["Credential", "docker_credential"]


class Credential(NamedTuple):
    """A user and a password, or a token that stands for both."""

    user: str
    password: str
    identity_token: str = ""


def docker_credential(host: str) -> Credential | None:
    """The credential for a registry; None where there is none. Raises RegistryFailed where a helper does not answer."""
    from docker import auth, errors

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a helper is missing is said below
            found = auth.load_config().resolve_authconfig(host) or {}
    except (errors.DockerException, OSError, ValueError, KeyError) as problem:
        raise RegistryFailed(
            f"docker's configuration has no credential for {host} that can be read",
            f"try `docker login {host}`, and whether the helper that ~/.docker/config.json names is installed",
        ) from problem
    told = {name.lower(): value for name, value in found.items() if isinstance(value, str)}
    credential = Credential(told.get("username", ""), told.get("password", ""), told.get("identitytoken", ""))
    return credential if any(credential) else None
