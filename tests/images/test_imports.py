"""What operators' code imports, and no part of an image has, is found before anything is pushed."""

from pathlib import Path

import pytest

from comb_compiler.images.bases import installed_in, open_layout
from comb_compiler.images.imports import Lacking, lacking_modules, modules_of
from tests.images.making import GLIBC, base_layout, wheel


def lacking(code: dict[str, str], *there: str, entries: tuple[str, ...] = ("operators.text",)) -> list[Lacking]:
    return lacking_modules(entries, {name: text.encode() for name, text in code.items()}, there)


def test_what_is_lacking_is_named_once_with_its_first_line() -> None:
    code = {
        "operators/__init__.py": "import yaml\n",
        "operators/text.py": "import os\nimport numpy as np, torch.nn\nfrom numpy import linalg\nfrom .near import x\n",
        "operators/near.py": "from google.protobuf import message\nimport comb_compiler.runtime\nimport cv2\n",
    }
    assert lacking(code, "numpy") == [
        Lacking("yaml", "operators/__init__.py", 1),
        Lacking("cv2", "operators/near.py", 3),
        Lacking("torch", "operators/text.py", 2),
    ]
    assert not lacking(code, "numpy", "yaml", "torch", "cv2")


@pytest.mark.parametrize(
    "line",
    [
        "try:\n    import cupy\nexcept ImportError:\n    cupy = None",
        "if TYPE_CHECKING:\n    import cupy",
        "if sys.version_info < (3, 12):\n    import cupy",
        "def lazily():\n    import cupy",
        "from . import near",
        "from .near import cupy",
        "from .. import shared",
        "import shared.deep",
        "from operators import near",
        "import text_pb2",
        "import (",
        "\0",
    ],
)
def test_what_may_not_be_needed_or_is_ones_own_is_not_lacking(line: str) -> None:
    code = {"operators/text.py": line, "operators/near.py": "", "shared/deep.py": "", "text_pb2.py": ""}
    assert not lacking(code)


def test_code_that_no_operator_imports_may_import_anything() -> None:
    assert not lacking({"operators/text.py": "", "train.py": "import torch", "operators/tests.py": "import pytest"})


def test_what_is_needed_by_what_is_needed_counts() -> None:
    code = {
        "operators/text.py": "class Text:\n    import one\nimport shared",
        "shared/__init__.py": "from shared.deep import *",
        "shared/deep.py": "from shared import deep\nimport two.three",
    }
    assert [one.package for one in lacking(code)] == ["one", "two"]


def test_an_entry_point_that_is_installed_must_be_in_the_image() -> None:
    assert lacking({"a.py": ""}, entries=("acme_operators.text", "a")) == [Lacking("acme_operators")]
    assert not lacking({"a.py": ""}, "acme_operators", entries=("acme_operators.text", "a"))


def test_wheels_and_bases_say_what_they_have(tmp_path: Path) -> None:
    assert modules_of([wheel(tmp_path, "numpy"), wheel(tmp_path, "six")]) >= {"numpy", "six"}
    names = (
        *GLIBC,
        "usr/lib/python3/dist-packages/torch/nn/__init__.py",
        "./usr/local/lib/python3.11/site-packages/six.py",
        "opt/site-packages/_cffi_backend.cpython-311-x86_64-linux-gnu.so",
    )
    layout = base_layout(tmp_path / "base", names)
    assert installed_in(open_layout(layout), layout) == {"torch", "six", "_cffi_backend"}
