"""A Kubernetes control plane of real programs on 127.0.0.1, for as long as a block of code.

etcd and kube-apiserver always; kube-controller-manager, kube-scheduler and kwok, which plays the nodes, where pods are
to be placed. One token is in the group of those who may do everything.
"""

import json
import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.certificates import Identity, make_identity
from tests.servers.processes import Server, free_ports, running

__all__ = ["SCHEDULING", "SERVING", "ControlPlane", "control_plane"]

SERVING = ("etcd", "kube-apiserver")
"""The programs that check objects and keep them."""
SCHEDULING = ("kube-controller-manager", "kube-scheduler", "kwok")
"""Those that make pods of them, place pods on nodes, and play the nodes."""

_SECONDS = 240.0


class ControlPlane(NamedTuple):
    """What a client needs, and the servers with their logs."""

    url: str
    token: str
    ca: Path
    kubeconfig: Path
    servers: tuple[Server, ...]

    def last_words(self) -> str:
        """The end of each log, to be shown where a test fails."""
        return "\n".join(f"--- {server.name}\n{server.last_words()}" for server in self.servers)


@contextmanager
def control_plane(directory: Path, programs: Mapping[str, Path], stages: Path | None = None) -> Iterator[ControlPlane]:
    """Start it, wait until it is ready, and end every process with the block; raises `Failed`.

    `programs` are those of `SERVING`, and of `SCHEDULING` where pods are to be placed: then `stages` is the directory
    of what kwok does. All files are made in `directory`.
    """
    token = secrets.token_hex(16)
    identity = make_identity(directory / "pki")
    (directory / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n", encoding="utf-8")
    etcd, peers, api, manager, scheduler = free_ports(5)
    url = f"https://127.0.0.1:{api}"
    kubeconfig = _write(directory / "kubeconfig", _kubeconfig(url, token, identity.ca))
    with ExitStack() as stack:
        started: list[Server] = []

        def start(name: str, *flags: str) -> Server:
            started.append(stack.enter_context(running(name, [programs[name], *flags], directory)))
            return started[-1]

        start("etcd", *_etcd(directory, etcd, peers))
        server = start("kube-apiserver", *_apiserver(directory, identity, api, etcd))
        server.wait(lambda: _answers(f"{url}/readyz", token, identity.ca), _SECONDS)
        if "kube-scheduler" in programs:
            assert stages is not None
            keys = (f"--service-account-private-key-file={identity.tokens_key}", f"--root-ca-file={identity.ca}")
            start(
                "kube-controller-manager",
                f"--kubeconfig={kubeconfig}",
                *keys,
                "--leader-elect=false",
                *_serving(directory, manager),
                *_MANAGER,
            )
            config = _write(directory / "scheduler.json", _scheduler(kubeconfig))
            start("kube-scheduler", f"--config={config}", *_serving(directory, scheduler))
            start("kwok", f"--kubeconfig={kubeconfig}", f"--config={_joined(stages, directory)}", *_KWOK)
            account = f"{url}/api/v1/namespaces/default/serviceaccounts/default"
            server.wait(lambda: _answers(account, token, identity.ca), _SECONDS)
        yield ControlPlane(url, token, identity.ca, kubeconfig, tuple(started))


_MANAGER = ("--use-service-account-credentials=true", "--kube-api-qps=300", "--kube-api-burst=600")
_KWOK = ("--manage-all-nodes=true", "--node-lease-duration-seconds=40", "--cidr=10.0.0.0/16")


def _etcd(directory: Path, port: int, peers: int) -> tuple[str, ...]:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
    return (
        "--name=etcd",
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=etcd={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def _apiserver(directory: Path, identity: Identity, port: int, etcd: int) -> tuple[str, ...]:
    return (
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={identity.certificate}",
        f"--tls-private-key-file={identity.key}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={identity.tokens_key}",
        f"--service-account-key-file={identity.tokens_public_key}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",  # as clusters have it: policies are what refuses it
        "--profiling=false",
    )


def _serving(directory: Path, port: int) -> tuple[str, ...]:
    return ("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={directory / f'pki-{port}'}")


def _scheduler(kubeconfig: Path) -> dict[str, Any]:
    """Kubernetes' own scheduler; and under HAMi's name one that counts devices, as HAMi's does before it divides them.

    What HAMi divides is no resource of a node, so Kubernetes' part of HAMi's scheduler leaves it out, as here.
    """
    ignored = {"ignoredResources": ["nvidia.com/gpumem", "nvidia.com/gpucores"]}
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 300, "burst": 600},
        "leaderElection": {"leaderElect": False},
        "profiles": [
            {"schedulerName": "default-scheduler"},
            {"schedulerName": "hami-scheduler", "pluginConfig": [{"name": "NodeResourcesFit", "args": ignored}]},
        ],
    }


def _joined(stages: Path, directory: Path) -> Path:
    """kwok reads one file."""
    joined = directory / "kwok-stages.yaml"
    joined.write_text("\n---\n".join(file.read_text(encoding="utf-8") for file in sorted(stages.iterdir())))
    return joined


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    """JSON, which every reader of YAML reads."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _kubeconfig(url: str, token: str, ca: Path) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(ca)}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }


def _answers(url: str, token: str, ca: Path) -> bool:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca)))
    )
    try:
        with opener.open(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
