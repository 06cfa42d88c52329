"""The Dockerfile that a team may own: a real engine builds it, and no word of anybody becomes an instruction."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pip
import pytest

from comb_compiler.cli.console import Console
from comb_compiler.cli.opening import open_clean
from comb_compiler.images.containers import Asked, Limits, contained
from comb_compiler.images.dockerfile import Recipe, dockerfile
from comb_compiler.images.engines import load
from comb_compiler.images.layout import ImageLayout
from comb_compiler.images.model import ImageError
from comb_compiler.release import plan_bytes
from tests.architecture.imports import ROOT
from tests.images.example import run

if TYPE_CHECKING:
    from docker import DockerClient

RECIPE = Recipe(
    "ocr",
    "registry.acme.example/python@sha256:" + "0" * 64,
    "comb_runtime-0.1.0-py3-none-any.whl",
    ("a" * 64, "b" * 64),
    "/comb/artifacts",
    "/comb/code",
    {"dev.comb.name": "ocr"},
)
HOSTILE = (
    "x\nRUN reboot",
    "x\rRUN reboot",
    "x y",
    "x\\",
    "$HOME",
    "x#y",
    '["a"]',
    "--mount=type=bind",
    "",
    "x\u2028y",
    "../x",
)
INSTRUCTIONS = ("FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "LABEL", "EXPOSE", "USER", "STOPSIGNAL", "HEALTHCHECK")
_PATIENCE = 240.0


def instructions(text: str) -> list[str]:
    """The first words of lines that are no comments."""
    return [line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("field", ["comb", "base", "runtime", "models", "labels"])
def test_names_that_would_be_instructions_or_options_are_refused(field: str, word: str) -> None:
    values: dict[str, Any] = {"models": (word,), "labels": {word: "x"}}
    with pytest.raises(ImageError, match="cannot name"):
        dockerfile(RECIPE._replace(**{field: values.get(field, word)}))


@pytest.mark.parametrize(
    "value", ['a"b', "a\\", "$HOME ${PATH}", "`x`", "{{ 7 * 7 }}", "{% raw %}", "# x", "ü 🐝", "'"]
)
def test_what_a_label_says_stays_what_it_says(value: str) -> None:
    made = dockerfile(RECIPE._replace(labels={"a": value}))
    assert instructions(made) == instructions(dockerfile(RECIPE))
    (line,) = (one for one in made.splitlines() if one.startswith("LABEL"))
    told = line.removeprefix("LABEL a=")
    assert re.fullmatch(r'"(?:[^"\\$]|\\["\\$])*"', told)
    assert re.sub(r"\\(.)", r"\1", told[1:-1]) == value


@pytest.mark.parametrize("value", ["a\nRUN reboot", "a\rb", "a\u2028b", "\x00", "a\x0bb"])
def test_a_label_of_several_lines_is_refused(value: str) -> None:
    with pytest.raises(ImageError, match="no label can have"):
        dockerfile(RECIPE._replace(labels={"a": value}))


def test_each_model_is_a_layer_and_the_user_is_nobody() -> None:
    made = dockerfile(RECIPE)
    assert set(instructions(made)) == {*INSTRUCTIONS, "ENTRYPOINT"}
    assert made.count('COPY ["artifacts/') == 2
    assert made.index("artifacts/b") < made.index('COPY ["code"') < made.index("USER 65532:65532")


@pytest.fixture(scope="module")
def index(example_wheelhouse: Path) -> Iterator[str]:
    """The wheels, where a build can get them: the address of their list."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    handler = functools.partial(Quiet, directory=str(example_wheelhouse))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@contextmanager
def project(root: Path, wheels: Path) -> Iterator[Path]:
    """The smallest example, with wheels that its lock pins, and with a secret and a link that leads away."""
    shutil.copytree(ROOT / "examples" / "hello", root, ignore=shutil.ignore_patterns("__pycache__", ".comb"))
    (root / ".git").mkdir()
    (root / ".env").write_text("TOKEN=secret\n")
    (root / "id_rsa").write_text("secret\n")
    (root / "requirements.txt").write_text("h11\n")
    (root / "away").symlink_to("/etc")
    comb(root, wheels, "lock", ".", "--target", "cp311-manylinux_2_36_x86_64")
    yield root


def comb(root: Path, wheels: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    own = {"PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "comb_compiler", *arguments]
    done = subprocess.run(command, cwd=root, env={**os.environ, **own}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def base_with_pip(engine: "DockerClient", layout: Path, scratch: Path) -> str:
    """Debian's Python, with pip beside it, as an image of the engine."""
    found = ImageLayout(layout)
    (image,) = found.images().values()
    link = "import os; os.symlink('python3.11', '/usr/bin/python3')"
    scratch.mkdir()
    shutil.copytree(Path(pip.__file__).parent, scratch / "pip", ignore=shutil.ignore_patterns("__pycache__"))
    lines = (
        f"FROM {load(engine, found, image)}",
        'COPY ["pip", "/usr/lib/python3/dist-packages/pip"]',
        f"RUN {json.dumps(['/usr/bin/python3.11', '-c', link])}",
    )
    (scratch / "Dockerfile").write_text("\n".join(lines) + "\n")
    engine.images.build(path=str(scratch), tag="base-with-pip:1", network_mode="host")
    return "base-with-pip:1"


@pytest.mark.slow
def test_what_others_put_into_a_directory_stays_there(example_wheelhouse: Path, tmp_path: Path) -> None:
    with project(tmp_path / "comb", example_wheelhouse) as root:
        for name in ("code", "artifacts"):
            (root / name).mkdir()
            (root / name / "ours").write_text("ours")
        refused = run(root, "image", "dockerfile", ".", "--base", "python:3.11", "-o", ".")
        assert (refused.returncode, "-o .: it holds other things" in refused.stderr) == (2, True), refused.stderr
        assert [(root / name / "ours").read_text() for name in ("code", "artifacts")] == ["ours", "ours"]
        comb(root, example_wheelhouse, "image", "dockerfile", ".", "--base", "python:3.11", "-o", "context")
        there = {path: path.read_bytes() for path in (root / "context").rglob("*") if path.is_file()}
        assert run(root, "image", "dockerfile", ".", "--base", "no name", "-o", "context").returncode == 2
        again = comb(root, example_wheelhouse, "image", "dockerfile", ".", "--base", "python:3.11", "-o", "context")
        assert "made anew, but for its Dockerfile" in again.stderr
        assert "for a base with Python 3.11 on glibc, amd64; `--target` names another" in again.stderr
        assert {path: path.read_bytes() for path in (root / "context").rglob("*") if path.is_file()} == there
        other = comb(root, example_wheelhouse, "image", "dockerfile", ".", "--base", "python:3.9", "-o", "context")
        assert "its Dockerfile does not name python:3.9: remove it to have it made anew, too" in other.stderr
        assert {path: path.read_bytes() for path in (root / "context").rglob("*") if path.is_file()} == there


@pytest.mark.slow
def test_a_real_engine_builds_it_and_what_it_builds_answers(
    engine: "DockerClient", example_base: Path, example_wheelhouse: Path, index: str, tmp_path: Path
) -> None:
    base = base_with_pip(engine, example_base, tmp_path / "base")
    with project(tmp_path / "comb", example_wheelhouse) as root:
        comb(root, example_wheelhouse, "image", "dockerfile", ".", "--base", base, "-o", "context")
        there = {str(path.relative_to(root / "context")) for path in (root / "context").rglob("*") if path.is_file()}
        assert not any(
            "secret" in (root / "context" / name).read_bytes().decode("latin-1")
            for name in there - {name for name in there if name.endswith(".whl")}
        )
        assert {"Dockerfile", ".dockerignore", "requirements.lock.txt", "code/operators.py"} <= there
        with (root / "context" / "Dockerfile").open("a") as file:
            file.write("# ours\n")
        again = comb(root, example_wheelhouse, "image", "dockerfile", ".", "--base", base, "-o", "context")
        assert "made anew, but for its Dockerfile" in again.stderr
        assert (root / "context" / "Dockerfile").read_text().endswith("# ours\n")
        where = {"PIP_FIND_LINKS": index, "PIP_NO_INDEX": "1"}
        image, _ = engine.images.build(path=str(root / "context"), buildargs=where, network_mode="host", rm=True)
        assert image.attrs["Config"]["User"] == "65532:65532"
        assert image.labels["dev.comb.name"] == "hello"
        assert not any("PIP_" in one for one in image.attrs["Config"]["Env"])
        clean = open_clean(str(root / "comb.yaml"), Console(), "runs")
        assert clean is not None
        asked = Asked("main", str(image.id), Limits(None, 512 << 20))
        with contained(engine, plan_bytes(clean.plan), [asked]) as made:
            deadline = time.monotonic() + _PATIENCE
            while True:
                try:
                    urllib.request.urlopen(f"http://{made.http}/readyz", timeout=60).close()
                    break
                except OSError:
                    assert made.endings() == (), made.said("main")
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            request = urllib.request.Request(
                f"http://{made.http}/v1/call", b'{"name": "you"}', {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=600) as answer:
                assert json.loads(answer.read()) == {"text": "Hello, you!"}
