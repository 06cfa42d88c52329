"""`comb init` asks on a terminal, takes flags in scripts, and overwrites nothing unasked."""

import json
import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.templates.conftest import Place


def test_answers_are_in_the_files_and_recorded(made: Place) -> None:
    assert "metadata: {name: digits, team: vision}" in (made.path / "comb.yaml").read_text("utf-8")
    assert "@acme/vision" in (made.path / "CODEOWNERS").read_text("utf-8")
    recorded = json.loads((made.path / ".comb-template.json").read_text("utf-8"))
    assert recorded["answers"] == {"name": "digits", "team": "vision", "owners": "@acme/vision", "forge": "github"}
    left = [path for path in made.path.rglob("*") if "[[" in path.name or path.suffix == ".jinja"]
    assert left == []


def test_a_forge_gets_its_own_pipeline_alone(place: Place) -> None:
    assert "one/README.md says how to go on" in place.comb("init", "algorithm", "one", "--set", "forge=gitlab")
    assert (place.path / "one" / ".gitlab-ci.yml").is_file()
    assert not (place.path / "one" / ".github").exists()


def test_what_is_there_stays(place: Place) -> None:
    (place.path / "README.md").write_text("ours\n", "utf-8")
    said = place.comb("init", "algorithm", ".", "--set", "name=digits", code=1)
    assert "COMB4801" in said
    assert [path.name for path in place.path.iterdir()] == ["README.md"]
    place.comb("init", "algorithm", ".", "--set", "name=digits", "--overwrite")
    assert "# digits" in (place.path / "README.md").read_text("utf-8")
    place.comb("init", "algorithm", ".", "--set", "name=digits")  # the same files are in nobody's way


def test_a_link_is_not_written_through(place: Place, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (place.path / "models").symlink_to(tmp_path / "outside")
    assert "COMB4801" in place.comb("init", "algorithm", ".", "--set", "name=digits", code=1)
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["algorithm", "x", "--set", "name=Not a name"], "small letters, digits and single hyphens"),
        (["algorithm", "x", "--set", "nme=digits"], "`nme` is none of its questions: name, team, owners, forge"),
        (["algorithm", "x", "--set", "forge=svn"], "forge"),
        (["algorithm", "x", "--set", "name"], "NAME=VALUE is wanted"),
        (["algoritm", "x"], "it is one of algorithm, environment"),
        ([], "which template?"),
        (["algorithm", "a", "b"], "one directory"),
        (["algorithm", "a", "--from", "x"], "--from goes with --update"),
        (["--update", "nowhere"], "was not made by `comb init`"),
    ],
)
def test_what_makes_no_sense_is_told(place: Place, arguments: list[str], said: str) -> None:
    done = place.run("comb", "init", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert list(place.path.iterdir()) == []


def test_it_asks_on_a_terminal(place: Place) -> None:
    typed = [
        "\x15reader\r",  # the default is there to be edited: Ctrl-U takes it away
        "\r",
        "\r",
        "\r",
    ]
    controller, terminal = pty.openpty()
    command = ["comb", "init", "algorithm", "digits"]
    environment = {**place.environment, "TERM": "xterm"}
    asked, seen, until = b"", 0, time.monotonic() + 120
    with subprocess.Popen(
        command, cwd=place.path, env=environment, stdin=terminal, stdout=terminal, stderr=terminal
    ) as run:
        os.close(terminal)
        while run.poll() is None and time.monotonic() < until:
            if not select.select([controller], [], [], 0.5)[0]:  # a question is there once nothing more comes
                if typed and asked.count(b"?") > 4 - len(typed) and asked[seen:].strip():
                    os.write(controller, typed.pop(0).encode())
                    seen = len(asked)
                continue
            try:
                came = os.read(controller, 4096)
            except OSError:
                break
            asked += came
            if b"\x1b[6n" in came:  # where is the cursor? A terminal answers that
                os.write(controller, b"\x1b[1;1R")
        run.kill()
    os.close(controller)
    assert "What is the comb called?" in asked.decode("utf-8", "replace")
    assert "name: reader" in (place.path / "digits" / "comb.yaml").read_text("utf-8")
