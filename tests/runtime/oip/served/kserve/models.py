"""KServe's model server over gRPC, with the models of `mlserver/models.py`: `models.py PORT MODEL…`.

It runs in an environment of its own. KServe listens on all interfaces, and here on one alone.
"""

import asyncio
import os
import sys
from typing import Any

import grpc.aio
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from kserve import InferOutput, InferRequest, InferResponse, Model  # type: ignore[import-not-found]
from kserve.model_repository import ModelRepository  # type: ignore[import-not-found]
from kserve.protocol.dataplane import DataPlane  # type: ignore[import-not-found]
from kserve.protocol.grpc.server import GRPCServer  # type: ignore[import-not-found]
from kserve.protocol.model_repository_extension import ModelRepositoryExtension  # type: ignore[import-not-found]
from scores import scores_of  # type: ignore[import-not-found]

_MOST = 64 << 20
_TYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "object": "BYTES",
    **{f"{sign}int{size}": f"{sign.upper()}INT{size}" for sign in ("", "u") for size in (8, 16, 32, 64)},
}


class Onnx(Model):  # type: ignore[misc]
    """The network of the file that `NSFW` names."""

    def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["NSFW"], options)
        return bool(super().load())

    async def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": "input:0", "datatype": "FP32", "shape": [-1, 224, 224, 3]}]

    async def get_output_types(self) -> list[dict[str, Any]]:
        return [{"name": "outputs", "datatype": "FP32", "shape": [-1, 2]}]

    async def predict(self, payload: InferRequest, *_: Any) -> InferResponse:
        names = [one.name for one in self.session.get_outputs()]
        return _response(payload, names, self.session.run(names, _inputs(payload)))


class Echo(Model):  # type: ignore[misc]
    """Each input as an output of the same name; `seen` says what came with the request."""

    async def predict(self, payload: InferRequest, headers: Any = None, *_: Any) -> InferResponse:
        given = _inputs(payload)
        said = f"{payload.id} {headers.get('x-request-id')} {headers.get('traceparent')}"
        return _response(payload, [*given, "seen"], [*given.values(), np.array([[said.encode()]], dtype=np.object_)])


class Behaves(Model):  # type: ignore[misc]
    """Does what the text of its input says."""

    async def predict(self, payload: InferRequest, *_: Any) -> InferResponse:
        said = _inputs(payload)["text"][0].decode()
        if said == "slow":
            await asyncio.sleep(30)
        scores = scores_of(said)
        return _response(payload, *(([], []) if said == "nothing" else (["scores"], [scores])))


def _inputs(payload: InferRequest) -> dict[str, Any]:
    return {one.name: one.as_numpy() for one in payload.inputs}


def _response(payload: InferRequest, names: list[str], values: list[Any]) -> InferResponse:
    outputs = []
    for name, value in zip(names, values, strict=True):
        outputs.append(InferOutput(name, list(value.shape), _TYPES[value.dtype.name]))
        outputs[-1].set_data_from_numpy(value)
    return InferResponse(payload.id, payload.model_name, outputs)


def _only_here(listen: Any) -> Any:
    return lambda server, address: listen(server, address.replace("[::]", "127.0.0.1"))


async def main() -> None:
    """Serve."""
    port, *names = sys.argv[1:]
    models = ModelRepository()
    for name in names:
        model: Any = {"nsfw": Onnx, "behaves": Behaves}.get(name, Echo)(name)
        model.load()
        models.update(model)
    bounds = {"grpc_max_send_message_length": _MOST, "grpc_max_receive_message_length": _MOST}
    server = GRPCServer(int(port), DataPlane(models), ModelRepositoryExtension(models), bounds)
    grpc.aio.Server.add_insecure_port = _only_here(grpc.aio.Server.add_insecure_port)
    await server.start(4)


if __name__ == "__main__":
    asyncio.run(main())
