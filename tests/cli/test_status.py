"""`comb status` where no cluster answers; what clusters say is tried on a real one, with Flux (tests/cluster)."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Comb, Ran
from tests.cli.test_render import PLATFORM
from tests.servers.processes import free_ports

CONTEXTS = ("west", "elsewhere")


@pytest.fixture
def kubeconfig(checkout: Path) -> Path:
    """Two contexts of a cluster that is not there."""
    (checkout / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    server = f"https://127.0.0.1:{free_ports(1)[0]}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "gone", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": {"token": "hunter2"}}],
        "contexts": [{"name": name, "context": {"cluster": "gone", "user": "me"}} for name in CONTEXTS],
    }
    file = checkout / "kubeconfig"
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def status(comb: Comb, *more: str, environment: str = "staging") -> Ran:
    return comb("status", "comb.yaml", "--platform", "platform.yaml", "--environment", environment, *more)


def test_a_cluster_that_does_not_answer_is_a_failure_outside(comb: Comb, kubeconfig: Path) -> None:
    ran = status(comb, "--kubeconfig", str(kubeconfig))
    assert (ran.code, ran.out) == (4, "")
    assert "the API server of `west` does not answer" in ran.err
    assert "hunter2" not in ran.err


def test_a_context_may_have_another_name(comb: Comb, kubeconfig: Path) -> None:
    ran = status(comb, "--kubeconfig", str(kubeconfig), "--context", "west=elsewhere")
    assert ran.code == 4
    assert "`elsewhere` does not answer" in ran.err


def test_a_context_that_is_not_there_is_named(comb: Comb, kubeconfig: Path) -> None:
    ran = status(comb, "--kubeconfig", str(kubeconfig), environment="production")  # it has east, too
    assert ran.code == 4
    assert "no usable context `east`" in ran.err
    assert "--context" in ran.err


def test_a_kubeconfig_that_is_not_there_is_named(comb: Comb, kubeconfig: Path) -> None:
    ran = status(comb, "--kubeconfig", str(kubeconfig.with_name("none")))
    assert ran.code == 4
    assert "no usable context" in ran.err


@pytest.mark.parametrize("given", ["west", "west=", "north=west"])
def test_a_context_is_for_a_cluster_of_the_environment(given: str, comb: Comb, kubeconfig: Path) -> None:
    ran = status(comb, "--kubeconfig", str(kubeconfig), "--context", given)
    assert ran.code == 2
    assert "west" in ran.err


def test_a_comb_that_is_wrong_is_not_asked_for(comb: Comb, kubeconfig: Path, checkout: Path) -> None:
    text = (checkout / "comb.yaml").read_text(encoding="utf-8")
    (checkout / "comb.yaml").write_text(text.replace("80ms", "soon"), encoding="utf-8")
    ran = status(comb, "--kubeconfig", str(kubeconfig))
    assert ran.code == 1
    assert "comb.yaml:" in ran.err
