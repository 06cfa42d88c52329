"""What `comb completion` prints is taken by the shells, and offers every command and every option."""

import shutil
import subprocess
from pathlib import Path

import pytest

from comb_compiler.cli import main
from comb_compiler.cli.commands import COMMANDS, GROUPS

ASK = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _comb; printf "%s\\n" "${COMPREPLY[@]}"'


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("completion")


def script(shell: str, directory: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script for a shell, as a user stores it."""
    path = directory / f"comb.{shell}"
    if not path.exists():
        assert main(["completion", shell]) == 0
        path.write_text(capsys.readouterr().out, encoding="utf-8")
    return path


def offered(script: Path, *words: str) -> list[str]:
    command = ["bash", "--norc", "-c", ASK, "bash", str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_takes_it(shell: str, scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not here")
    done = subprocess.run([program, "-n", str(script(shell, scripts, capsys))], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_offers_commands_options_and_choices(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bash = script("bash", scripts, capsys)
    assert set(offered(bash, "comb", "")) == {one.name.split()[0] for one in COMMANDS} | {"--help", "--version"}
    assert "--against" in offered(bash, "comb", "check", ".", "--a")
    assert offered(bash, "comb", "check", "--format", "s") == ["sarif"]
    assert "--platform" in offered(bash, "comb", "image", "build", "--")
    assert offered(bash, "comb", "check", "") == []  # files, which bash completes by itself


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_bash_offers_the_commands_of_a_group(group: str, scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = {one.name.split()[1] for one in COMMANDS if one.name.startswith(f"{group} ")}
    assert set(offered(script("bash", scripts, capsys), "comb", group, "")) == wanted


def test_bash_tells_a_command_from_the_group_of_its_name(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bash = script("bash", scripts, capsys)
    assert "--no-gates" in offered(bash, "comb", "ci", "--")
    assert offered(bash, "comb", "ci", "--out", "") == []
    assert {"--github", "--number"} <= set(offered(bash, "comb", "ci", "comment", "--"))
    assert "--no-gates" not in offered(bash, "comb", "ci", "comment", "--")


def test_fish_offers_what_bash_does(scripts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not here")
    ask = 'source $argv[1]; complete -C "$argv[2]"'

    def said(line: str) -> set[str]:
        command = [fish, "--no-config", "-c", ask, str(script("fish", scripts, capsys)), line]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={"HOME": str(scripts)})
        return {one.partition("\t")[0] for one in done.stdout.split("\n") if one}

    assert said("comb ") >= {one.name.split()[0] for one in COMMANDS}
    assert {"build", "push"} <= said("comb image ")
    assert {"--platform", "--wheels"} <= said("comb image build --")
    assert "sarif" in said("comb check --format s")
    assert {"comment", "merged"} <= said("comb ci ")
    assert "--no-gates" in said("comb ci --")
    assert "--github" in (of_comment := said("comb ci comment --"))
    assert "--no-gates" not in of_comment
