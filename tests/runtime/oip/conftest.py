"""One server for all tests of a module that only ask it: it has ended when others count what is left."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.runtime.oip.serving import SIZE, Server, mlserver, model_file, written
from tests.support import tools

__all__ = ["server"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        python = tools.locate("mlserver-python")
    except tools.Missing as missing:
        pytest.skip(f"needs mlserver: {missing}")
    nsfw = {
        "implementation": "models.Onnx",
        "parameters": {"uri": str(model_file())},
        "inputs": [{"name": "input:0", "datatype": "FP32", "shape": [-1, *SIZE]}],
        "outputs": [{"name": "outputs", "datatype": "FP32", "shape": [-1, 2]}],
    }
    models: dict[str, dict[str, Any]] = {
        "nsfw": nsfw,
        "echo": {"implementation": "models.Echo"},
        "behaves": {"implementation": "models.Behaves"},
    }
    directory = written(tmp_path_factory.mktemp("served"), models)
    with mlserver(python, directory) as running:
        yield running
