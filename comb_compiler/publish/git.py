"""git as a program: its arguments a list, its environment ours, its time bounded.

Neither the configuration of the machine nor that of a repository decides what runs: no hooks, no filters, no other
transports. Of the caller's own configuration only what reaches a server is handed on: credential helpers, proxies and
certificates, and how ssh is started.
"""

import os
import signal
import subprocess
import time
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from comb_compiler.publish.errors import PublishError

__all__ = ["Git", "GitFailed", "Ran", "run_program", "users_configuration"]

_PASSED = (
    *("GNUPGHOME", "GPG_TTY", "HOME", "LOGNAME", "PATH", "TMPDIR", "USER"),
    *("SSH_AGENT_PID", "SSH_AUTH_SOCK", "SSL_CERT_DIR", "SSL_CERT_FILE"),
    *("GIT_ASKPASS", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY", "all_proxy"),
)
_SSH = "ssh -oBatchMode=yes -oConnectTimeout=15 -oServerAliveInterval=10 -oServerAliveCountMax=3"
_FIXED = {
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS = {
    "advice.pushUpdateRejected": "false",
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "gpg.format": "ssh",
    "gpg.program": "false",  # which keyring counts is said where one does: never anybody's own
    "gpg.x509.program": "false",
    "http.followRedirects": "false",  # another host is to get neither credentials nor releases
    "http.lowSpeedLimit": "500",
    "http.lowSpeedTime": "30",
    "maintenance.auto": "false",
    "pack.useSparse": "true",
    "protocol.version": "2",
    "push.recurseSubmodules": "no",
    "transfer.fsckObjects": "true",
}
_MOST_OUT, _MOST_SAID = 512 << 20, 4 << 20
"""Of what a program writes so many bytes are read, and of what it says about it."""
_HANDED_ON = r"^(credential|http)\.|^core\.sshcommand$"


class GitFailed(PublishError):
    """git ended with another exit code than 0; `said` is its standard error."""

    def __init__(self, action: str, code: int, said: str) -> None:
        super().__init__(f"git {action} failed")
        self.code = code
        self.said = said


class Ran(NamedTuple):
    """How a git command ended."""

    code: int
    out: bytes
    said: str


class Git:
    """git in one bare repository.

    `caller` is the environment of who asks; `patience` is how many seconds one command may take. `held` are file
    descriptors that each command keeps open as long as it runs: whoever comes after a publisher that was killed waits
    for what it left running.
    """

    def __init__(
        self,
        directory: Path,
        caller: Mapping[str, str],
        patience: float,
        configuration: Mapping[str, str],
        held: Collection[int] = (),
    ) -> None:
        self.directory = directory
        self._patience = patience
        self._held = tuple(held)
        self._environment = _environment(caller) | {"GIT_DIR": str(directory)} | _as_variables(configuration)

    @property
    def path(self) -> str:
        """Where programs are searched."""
        return self._environment.get("PATH", os.defpath)

    def allow_loopback(self) -> None:
        """Let plain http be spoken, which an address on this machine needs."""
        self._environment["GIT_ALLOW_PROTOCOL"] = "https:http:ssh:file"

    def __call__(self, *arguments: str, given: bytes = b"", more: Mapping[str, str] | None = None) -> bytes:
        """What a command writes. Raises GitFailed where it fails, PublishError where it cannot."""
        ran = self.run(*arguments, given=given, more=more)
        if ran.code:
            raise GitFailed(arguments[2 * arguments.count("-c")], ran.code, ran.said)
        return ran.out

    def run(self, *arguments: str, given: bytes = b"", more: Mapping[str, str] | None = None) -> Ran:
        """How a command ends, well or not."""
        settings = [word for key, value in _SETTINGS.items() for word in ("-c", f"{key}={value}")]
        command = ["git", "--literal-pathspecs", *settings, *arguments]
        return run_program(command, {**self._environment, **(more or {})}, self._patience, given, self._held)


def users_configuration(caller: Mapping[str, str], patience: float = 30.0) -> dict[str, str]:
    """What the caller's own git is told about reaching servers, by key; the last of several values counts."""
    environment = {key: value for key, value in caller.items() if not key.startswith("GIT_")}
    if "GIT_CONFIG_GLOBAL" in caller:
        environment["GIT_CONFIG_GLOBAL"] = caller["GIT_CONFIG_GLOBAL"]
    command = ["git", "config", "--global", "--includes", "--null", "--get-regexp", _HANDED_ON]
    ran = run_program(command, {**environment, "LC_ALL": "C"}, patience, b"", ())
    pairs = (one.partition("\n") for one in ran.out.decode("utf-8", "replace").split("\0") if one)
    return {key: value for key, _, value in pairs} if ran.code == 0 else {}


def _environment(caller: Mapping[str, str]) -> dict[str, str]:
    passed = {name: caller[name] for name in _PASSED if name in caller}
    return {"GIT_SSH_COMMAND": _SSH, **passed, **_FIXED}


def _as_variables(configuration: Mapping[str, str]) -> dict[str, str]:
    """Settings as git reads them from its environment, where no list of processes shows them."""
    pairs = enumerate(configuration.items())
    named = ((f"GIT_CONFIG_KEY_{n}", key, f"GIT_CONFIG_VALUE_{n}", value) for n, (key, value) in pairs)
    variables = {"GIT_CONFIG_COUNT": str(len(configuration))}
    for key_variable, key, value_variable, value in named:
        variables |= {key_variable: key, value_variable: value}
    return variables


def run_program(
    command: list[str],
    environment: Mapping[str, str],
    patience: float,
    given: bytes,
    held: tuple[int, ...],
    directory: str = "/",
) -> Ran:
    """Run a program to its end, with this environment alone. Raises PublishError."""
    try:
        process = subprocess.Popen(  # noqa: S603  arguments are ours; what others wrote stands behind a `--` or a ref
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
            pass_fds=held,
            cwd=directory,
        )
    except OSError as problem:
        raise PublishError(f"{command[0]} is not here, and publishing needs it") from problem
    end = time.monotonic() + patience
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        with ThreadPoolExecutor(3) as pool:
            parts = [pool.submit(_read, process.stdout, _MOST_OUT), pool.submit(_read, process.stderr, _MOST_SAID)]
            sent = pool.submit(_send, process, given)
            wait(parts, patience, FIRST_EXCEPTION)
            has_failed = not all(one.done() for one in parts) or any(one.exception() for one in parts)
            if has_failed or wait([sent], max(0.0, end - time.monotonic())).not_done:
                _end(process)
        out, said = (one.result() for one in parts)
        process.wait(max(0.0, end - time.monotonic()))
    except _TooMuch as problem:
        raise PublishError(f"{command[0]} said more than is ever read of it") from problem
    except subprocess.TimeoutExpired as problem:
        raise PublishError(f"{command[0]} took more than {patience:g} seconds") from problem
    finally:
        if process.poll() is None:
            _end(process)
    if time.monotonic() > end and process.returncode < 0:
        raise PublishError(f"{command[0]} took more than {patience:g} seconds")
    return Ran(process.returncode, out, said.decode("utf-8", "replace"))


class _TooMuch(Exception):
    """A program says more than anybody wants to hear: a server may have it go on for ever."""


def _read(stream: IO[bytes], most: int) -> bytes:
    with stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise _TooMuch
    return content


def _send(process: "subprocess.Popen[bytes]", given: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write(given)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End it with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.wait()
