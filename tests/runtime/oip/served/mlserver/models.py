"""What MLServer hosts in the tests: an ONNX model with a real runtime behind it, and models that do what they are told.

It is imported by MLServer, in an environment of its own.
"""

import asyncio
import os

import onnxruntime  # type: ignore[import-untyped]
from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import NumpyCodec, StringCodec  # type: ignore[import-not-found]
from mlserver.types import InferenceRequest, InferenceResponse  # type: ignore[import-not-found]
from scores import scores_of  # type: ignore[import-not-found]

__all__ = ["Behaves", "Echo", "Onnx"]


class Onnx(MLModel):  # type: ignore[misc]
    """The network of the file that `NSFW` names, run by onnxruntime."""

    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["NSFW"], options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        given = {one.name: NumpyCodec.decode_input(one) for one in payload.inputs}
        names = [one.name for one in self.session.get_outputs()]
        values = self.session.run(names, given)
        outputs = [NumpyCodec.encode_output(name, value) for name, value in zip(names, values, strict=True)]
        return InferenceResponse(model_name=self.name, outputs=outputs)


class Echo(MLModel):  # type: ignore[misc]
    """Each input as an output of the same name; `seen` says what came with the request."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        outputs = []
        for one in payload.inputs:
            if one.datatype == "BYTES":
                outputs.append(StringCodec.encode_output(one.name, StringCodec.decode_input(one)))
            else:
                outputs.append(NumpyCodec.encode_output(one.name, NumpyCodec.decode_input(one)))
        headers = payload.parameters.headers if payload.parameters else {}
        said = f"{payload.id} {headers.get('x-request-id')} {headers.get('traceparent')}"
        outputs.append(StringCodec.encode_output("seen", [said]))
        return InferenceResponse(model_name=self.name, outputs=outputs)


class Behaves(MLModel):  # type: ignore[misc]
    """Does what the text of its input says."""

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        said = StringCodec.decode_input(payload.inputs[0])[0]
        if said == "slow":
            await asyncio.sleep(30)
        scores = scores_of(said)
        outputs = [] if said == "nothing" else [NumpyCodec.encode_output("scores", scores)]
        return InferenceResponse(model_name=self.name, outputs=outputs)
