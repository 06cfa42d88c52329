"""A checkout with one comb that is right, and `comb` run in it as a user runs it."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

COMB = """\
apiVersion: comb.dev/v1
kind: Comb
metadata: {name: greeting, team: welcome}
interface: {proto: greeting.proto, method: greeting.v1.GreetingService/Greet}
operators:
  greet: {run: "operators:Greet", in: {name: greeting.v1.Name}, out: greeting.v1.Greeting, timeout: 80ms}
graph:
  hello: greet(name=$request.name)
  return: hello
"""

PROTO = """\
syntax = "proto3";
package greeting.v1;
message Name { string text = 1; }
message Greeting { string text = 1; }
message GreetRequest { Name name = 1; }
service GreetingService { rpc Greet(GreetRequest) returns (Greeting); }
"""


class Ran(NamedTuple):
    """What a run of `comb` left."""

    code: int
    out: str
    err: str


Comb = Callable[..., Ran]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout's directory that holds one comb."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "comb.yaml").write_text(COMB, encoding="utf-8")
    (tmp_path / "greeting.proto").write_text(PROTO, encoding="utf-8")
    return tmp_path


@pytest.fixture
def comb(checkout: Path) -> Comb:
    """`comb ARGUMENTS…` in the checkout, in a process of its own; no input makes it print a traceback."""

    def run(*arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ran:
        import os

        command = [sys.executable, "-m", "comb_compiler", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.getcwd(), "NO_COLOR": "1", **(env or {})}
        done = subprocess.run(command, cwd=cwd or checkout, env=environment, capture_output=True, timeout=600)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in out + err, err
        return Ran(done.returncode, out, err)

    return run
