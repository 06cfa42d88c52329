"""What `comb completion` prints is taken by the shells, and offers every command and every option."""

import subprocess
from pathlib import Path

import pytest

from comb_compiler.cli import main
from comb_compiler.cli.commands import COMMANDS, GROUPS
from tests.conftest import RequiresTool

ASK = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _comb; printf "%s\\n" "${COMPREPLY[@]}"'
ASK_ZSH = """
compdef() {}; _files() {}
compadd() { shift; print -l -- "$@" }
source "$1"; shift; words=("$@"); CURRENT=$#; _comb
"""
"""What is offered is printed, since zsh completes only where somebody types."""


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


def run(program: Path, home: Path, *arguments: str) -> str:
    """What a shell prints; the libraries of one that is not installed are beside it."""
    libraries = ":".join(str(one) for one in program.parents[1].glob("lib/*-linux-gnu"))
    environment = {"HOME": str(home), "LD_LIBRARY_PATH": libraries}
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def offered(script: Path, *words: str) -> list[str]:
    command = ["bash", "--norc", "-c", ASK, "bash", str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_takes_it(
    shell: str, scripts: Path, capsys: pytest.CaptureFixture[str], requires_tool: RequiresTool
) -> None:
    assert run(requires_tool(shell), scripts, "-n", str(script(shell, scripts, capsys))) == ""


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


def test_zsh_offers_what_bash_does(
    scripts: Path, capsys: pytest.CaptureFixture[str], requires_tool: RequiresTool
) -> None:
    zsh, path = requires_tool("zsh"), script("zsh", scripts, capsys)

    def said(*words: str) -> set[str]:
        printed = run(zsh, scripts, "-f", "-c", ASK_ZSH, "zsh", str(path), "comb", *words)
        return {one for one in printed.split() if one.startswith(words[-1])}

    bash = script("bash", scripts, capsys)
    for words in ([""], ["ci", ""], ["ci", "--"], ["image", ""], ["image", "build", "--"], ["ci", "comment", "--"]):
        assert said(*words) == set(offered(bash, "comb", *words))
    assert "sarif" in said("check", "--format", "s")


def test_fish_offers_what_bash_does(
    scripts: Path, capsys: pytest.CaptureFixture[str], requires_tool: RequiresTool
) -> None:
    fish, path = requires_tool("fish"), script("fish", scripts, capsys)
    functions = fish.parents[1] / "share/fish/functions"
    ask = 'set --prepend fish_function_path $argv[3]; source $argv[1]; complete -C "$argv[2]"'

    def said(line: str) -> set[str]:
        printed = run(fish, scripts, "--no-config", "-c", ask, str(path), line, str(functions))
        return {one.partition("\t")[0] for one in printed.split("\n") if one}

    assert said("comb ") >= {one.name.split()[0] for one in COMMANDS}
    assert {"build", "push"} <= said("comb image ")
    assert {"--platform", "--wheels"} <= said("comb image build --")
    assert "sarif" in said("comb check --format s")
    assert {"comment", "merged"} <= said("comb ci ")
    assert "--no-gates" in said("comb ci --")
    assert "--github" in (of_comment := said("comb ci comment --"))
    assert "--no-gates" not in of_comment
