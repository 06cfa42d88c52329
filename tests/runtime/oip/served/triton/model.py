"""What Triton hosts in the tests: the models of `mlserver/models.py`, for its Python backend.

It is imported by Triton's own interpreter. Which of them it is says the name that it is hosted by.
"""

import json
import os
import time
from typing import Any

import numpy as np
import triton_python_backend_utils as triton  # type: ignore[import-not-found]
from scores import scores_of  # type: ignore[import-not-found]

__all__ = ["TritonPythonModel"]


class TritonPythonModel:
    """One model."""

    def initialize(self, args: dict[str, str]) -> None:
        self.answer = {"nsfw": self._network, "behaves": _behaves}.get(args["model_name"], _echo)
        self.outputs = [one["name"] for one in json.loads(args["model_config"])["output"]]
        if self.answer == self._network:
            import onnxruntime  # type: ignore[import-untyped]  # which each model's process would wait for

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self.session = onnxruntime.InferenceSession(os.environ["NSFW"], options)

    def execute(self, requests: list[Any]) -> list[Any]:
        return [self.answer(request) for request in requests]

    def _network(self, request: Any) -> Any:
        return _response(self.outputs, self.session.run(self.outputs, _inputs(request)))


def _inputs(request: Any) -> dict[str, Any]:
    return {one.name(): one.as_numpy() for one in request.inputs()}


def _response(names: list[str], values: list[Any]) -> Any:
    return triton.InferenceResponse([triton.Tensor(name, value) for name, value in zip(names, values, strict=True)])


def _echo(request: Any) -> Any:
    """Each input as an output of the same name; `seen` says what came with the request."""
    given, headers = _inputs(request), json.loads(request.parameters())
    said = f"{request.request_id()} {headers.get('x-request-id')} {headers.get('traceparent')}"
    return _response([*given, "seen"], [*given.values(), np.array([[said]], dtype=np.object_)])


def _behaves(request: Any) -> Any:
    """Does what the text of its input says."""
    said = _inputs(request)["text"][0].decode()
    if said == "slow":
        until = time.monotonic() + 30
        while time.monotonic() < until and not request.is_cancelled():
            time.sleep(0.05)
    scores = scores_of(said)
    return triton.InferenceResponse([]) if said == "nothing" else _response(["scores"], [scores])
