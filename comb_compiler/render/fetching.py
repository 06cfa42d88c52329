"""Models that are not in the image: fetched from the registry by a container that runs before the process."""

from collections.abc import Iterator, Mapping
from typing import Any

from comb_compiler.plan import Group
from comb_compiler.release import Model
from comb_compiler.render import layout
from comb_compiler.render.addresses import ways_to
from comb_compiler.render.manifest import Cause, caused
from comb_compiler.render.rendering import Rendering
from comb_compiler.spec.comb.models import Fetch

__all__ = ["cause_of_fetching", "fetcher", "fetching_volumes", "way_to_registry"]

_SECRET = "registry"  # noqa: S105  the volume's name


def cause_of_fetching(rendering: Rendering, group: Group) -> Cause | None:
    """What has a group's pods fetch models; None: they fetch none."""
    model = next(iter(_fetched(rendering, group).values()), None)
    return None if model is None else Cause.comb("models", model.name, "fetch")


def _fetched(rendering: Rendering, group: Group) -> dict[str, Model]:
    """The models that a group's pods fetch, by their digests, sorted.

    An operator's own image has what it needs, or gets it by itself.
    """
    models = rendering.comb.models
    if all(model.fetch is not Fetch.START for model in models.values()):
        return {}
    if any(operator.image for operator in rendering.operators(group).values()):
        return {}
    process = next(one for one in rendering.execution.processes if one.name == rendering.process(group))
    used = (rendering.execution.bindings[index].model for index in process.bindings)
    found = {
        model.sha256: model
        for model in used
        if model is not None and model.sha256 and model.name in models and models[model.name].fetch is Fetch.START
    }
    return dict(sorted(found.items()))


def fetcher(rendering: Rendering, group: Group, process: Mapping[str, Any]) -> dict[str, Any] | None:
    """The container, as the `process` that it fetches for in image and limits; None: there is nothing to fetch.

    It has all the time that it takes: probes begin with the process.
    """
    cause = cause_of_fetching(rendering, group)
    if cause is None:
        return None
    secret = rendering.platform.registry.pull_secret
    places = [f"--into={layout.FETCHED}", f"--artifacts={layout.ARTIFACTS}"]
    made = {
        "name": "models",
        "image": process["image"],
        "command": ["python", "-m", "comb_compiler.runtime.fetching"],
        "args": [
            caused(_repository(rendering), Cause.platform("registry", "push")),
            *(
                caused(sha256, Cause.comb("models", model.name, "versions", model.version))
                for sha256, model in _fetched(rendering, group).items()
            ),
            *places,
        ],
        "env": [{"name": "DOCKER_CONFIG", "value": layout.REGISTRY_DIRECTORY}] if secret is not None else None,
        "resources": process["resources"],
        "securityContext": process["securityContext"],
        "volumeMounts": [
            {"name": "models", "mountPath": layout.FETCHED},
            *([{"name": _SECRET, "mountPath": layout.REGISTRY_DIRECTORY, "readOnly": True}] if secret else []),
        ],
    }
    return caused(made, cause)  # type: ignore[no-any-return]


def fetching_volumes(rendering: Rendering, group: Group) -> Iterator[Any]:
    """What the container alone mounts: docker's configuration, where the registry wants to know who asks."""
    secret = rendering.platform.registry.pull_secret
    if secret is not None and cause_of_fetching(rendering, group) is not None:
        items = [{"key": ".dockerconfigjson", "path": "config.json"}]
        made = {"name": _SECRET, "secret": {"secretName": secret, "items": items}}
        yield caused(made, Cause.platform("registry", "pullSecret"))


def way_to_registry(rendering: Rendering, group: Group) -> Iterator[Any]:
    """What lets a group's pods reach the registry, where they fetch models."""
    cause = cause_of_fetching(rendering, group)
    if cause is not None:
        host = _repository(rendering).partition("/")[0]
        for way in ways_to(f"https://{host}", rendering.namespace):
            yield caused(way, cause)


def _repository(rendering: Rendering) -> str:
    return f"{rendering.platform.registry.push}/{layout.MODELS}"
