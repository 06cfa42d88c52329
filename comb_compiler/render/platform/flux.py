"""What Flux is told of the platform itself: to apply its objects, and who hears of a release."""

from collections.abc import Iterator

from comb_compiler.plan import object_name
from comb_compiler.render.flux import ENVIRONMENT_LABEL, NAMESPACE, PLATFORM, applied
from comb_compiler.render.manifest import Cause, Manifest, caused, manifest
from comb_compiler.render.platform.grounds import LABELS, Grounds

__all__ = ["flux_objects"]

_NOTIFICATION = "notification.toolkit.fluxcd.io/v1beta3"


def flux_objects(grounds: Grounds, directory: str) -> Iterator[Manifest]:
    """The Kustomization that all combs' wait for, and for each notification where it goes and what of."""
    # Names of files that no comb's has: those begin with a namespace.
    yield manifest(
        applied(PLATFORM, dict(LABELS), directory), Cause.platform("clusters", grounds.name), "_platform.yaml"
    )
    for name, notification in grounds.platform.notifications.items():
        told = [
            one for one in grounds.environments if not notification.environments or one in notification.environments
        ]
        at = ("notifications", name)
        if not told:
            continue
        provider = object_name(f"comb-{name}")
        yield manifest(
            {
                "apiVersion": _NOTIFICATION,
                "kind": "Provider",
                "metadata": {"name": provider, "namespace": NAMESPACE, "labels": dict(LABELS)},
                "spec": {
                    "type": caused(notification.type.value, Cause.platform(*at, "type")),
                    "secretRef": {"name": caused(notification.secret, Cause.platform(*at, "secret"))},
                },
            },
            Cause.platform(*at),
            f"_provider-{name}.yaml",
        )
        yield manifest(
            {
                "apiVersion": _NOTIFICATION,
                "kind": "Alert",
                "metadata": {"name": provider, "namespace": NAMESPACE, "labels": dict(LABELS)},
                "spec": {
                    "providerRef": {"name": provider},
                    "eventSeverity": "info",
                    "eventMetadata": {"cluster": grounds.name},
                    # What takes its time is no news; what has failed has another message.
                    "exclusionList": ["^health check failed after .*: timeout waiting for: "],
                    # By label, so that a comb that is new or gone changes nothing here.
                    "eventSources": caused(
                        [
                            {
                                "kind": "Kustomization",
                                "name": "*",
                                "namespace": NAMESPACE,
                                "matchLabels": {ENVIRONMENT_LABEL: environment},
                            }
                            for environment in told
                        ],
                        Cause.platform(*at, "environments"),
                    ),
                },
            },
            Cause.platform(*at),
            f"_alert-{name}.yaml",
        )
