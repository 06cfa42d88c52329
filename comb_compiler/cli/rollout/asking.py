"""The Prometheus servers of an environment's clusters, as commands are told of them."""

import argparse
import ssl
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from comb_compiler.cli.exits import UsageError
from comb_compiler.cli.repositories import Target
from comb_compiler.rollout import Look
from comb_compiler.telemetry import Prometheus, Unanswered

__all__ = ["add_arguments", "asked", "context_of", "sources_of", "token_of"]

_MOST_TOKEN = 65_536


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `sources_of` reads."""
    parser.add_argument(
        "--prometheus",
        metavar="CLUSTER=URL",
        action="append",
        default=[],
        help="where a cluster's Prometheus is reached from here (default: as platform.yaml says)",
    )
    parser.add_argument("--prometheus-token", metavar="FILE", help="a file with the token that is sent to it")
    parser.add_argument("--prometheus-ca", metavar="FILE", help="the certificates by which it is known")


def sources_of(target: Target, arguments: argparse.Namespace) -> dict[str, Prometheus]:
    """Who knows the figures of each cluster. Raises UsageError where one has nobody who does."""
    clusters = target.platform.environments[target.environment].clusters
    urls = _said(arguments.prometheus, clusters)
    token, context = token_of(arguments.prometheus_token), context_of(arguments.prometheus_ca)
    found = {}
    for cluster in clusters:
        known = target.platform.clusters[cluster].prometheus
        url = urls.get(cluster) or (known.url if known is not None else "")
        if not url:
            raise UsageError(f"platform.yaml names no `prometheus` of `{cluster}`, and nothing is measured without one")
        try:
            found[cluster] = Prometheus(url, token, context)
        except ValueError as problem:
            raise UsageError(f"the Prometheus of `{cluster}`: {problem}") from problem
    return found


def _said(given: Iterable[str], clusters: Iterable[str]) -> dict[str, str]:
    urls = {}
    for one in given:
        cluster, equals, url = one.partition("=")
        if not equals or cluster not in clusters:
            raise UsageError(f"--prometheus: CLUSTER=URL is wanted, of a cluster: {', '.join(clusters)}")
        urls[cluster] = url
    return urls


def token_of(file: str | None) -> str:
    """What a file holds of a token; nothing without one. Raises UsageError."""
    if file is None:
        return ""
    try:
        text = Path(file).read_bytes()[:_MOST_TOKEN].decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"--prometheus-token {file}: it cannot be read") from problem
    if not text or not text.isprintable() or " " in text:
        raise UsageError(f"--prometheus-token {file}: it holds no token")
    return text


def context_of(file: str | None) -> ssl.SSLContext | None:
    """How a server is known by a file of certificates; as usual without one. Raises UsageError."""
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ValueError) as problem:
        raise UsageError(f"--prometheus-ca {file}: it holds no certificates") from problem


def asked(
    sources: Mapping[str, Prometheus], question: Callable[[str, Prometheus], Look | str]
) -> dict[str, Look | str]:
    """What is known of each cluster; a sentence where that cannot be had."""
    found: dict[str, Look | str] = {}
    for cluster, source in sources.items():
        try:
            found[cluster] = question(cluster, source)
        except Unanswered as problem:
            found[cluster] = f"its Prometheus cannot be asked: {problem}"
    return found
