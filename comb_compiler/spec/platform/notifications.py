"""Who hears of a release, by Flux's notification-controller."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from comb_compiler.spec.base import Model, no_items
from comb_compiler.spec.names import Name
from comb_compiler.spec.shapes import BY_WORD

__all__ = ["Notification", "NotificationType"]


class NotificationType(StrEnum):
    """Where a notification goes: the types of Flux's Provider, which takes no others."""

    SLACK = "slack"
    """A channel of Slack, by a webhook or a bot's token."""
    DISCORD = "discord"
    """A channel of Discord."""
    MSTEAMS = "msteams"
    """A channel of Microsoft Teams."""
    ROCKET = "rocket"
    """A channel of Rocket.Chat."""
    GOOGLECHAT = "googlechat"
    """A space of Google Chat."""
    WEBEX = "webex"
    """A space of Webex."""
    TELEGRAM = "telegram"
    """A chat of Telegram."""
    LARK = "lark"
    """A chat of Lark."""
    MATRIX = "matrix"
    """A room of Matrix."""
    ZULIP = "zulip"
    """A stream of Zulip."""
    GENERIC = "generic"
    """Any address, by JSON over HTTP."""
    GENERIC_HMAC = "generic-hmac"
    """Any address, by JSON over HTTP, signed by a key of the Secret."""
    NATS = "nats"
    """A subject of NATS."""
    AZUREEVENTHUB = "azureeventhub"
    """An Azure Event Hub."""
    GOOGLEPUBSUB = "googlepubsub"
    """A topic of Google Pub/Sub."""
    OTEL = "otel"
    """A collector of OpenTelemetry, as a span."""
    ALERTMANAGER = "alertmanager"
    """Alertmanager, as an alert."""
    OPSGENIE = "opsgenie"
    """Opsgenie, as an alert."""
    PAGERDUTY = "pagerduty"
    """PagerDuty, as an event."""
    DATADOG = "datadog"
    """Datadog, as an event."""
    GRAFANA = "grafana"
    """Grafana, as an annotation."""
    SENTRY = "sentry"
    """Sentry, as an event."""
    GITHUB = "github"
    """A commit's status at GitHub."""
    GITHUBDISPATCH = "githubdispatch"
    """A repository dispatch at GitHub."""
    GITHUBPULLREQUESTCOMMENT = "githubpullrequestcomment"
    """A comment on a pull request at GitHub."""
    GITLAB = "gitlab"
    """A commit's status at GitLab."""
    GITLABMERGEREQUESTCOMMENT = "gitlabmergerequestcomment"
    """A comment on a merge request at GitLab."""
    GITEA = "gitea"
    """A commit's status at Gitea."""
    GITEAPULLREQUESTCOMMENT = "giteapullrequestcomment"
    """A comment on a pull request at Gitea."""
    BITBUCKET = "bitbucket"
    """A commit's status at Bitbucket."""
    BITBUCKETSERVER = "bitbucketserver"
    """A commit's status at Bitbucket Server."""
    AZUREDEVOPS = "azuredevops"
    """A commit's status at Azure DevOps."""


class Notification(Model):
    """Who hears of a release."""

    type: Annotated[NotificationType, BY_WORD] = Field(description="A provider type of Flux.", examples=["slack"])
    secret: Name = Field(description="The Secret in the cluster that holds the address.")
    environments: list[Name] = Field(
        default_factory=no_items, description="The environments to tell of; all, if none is named."
    )
