"""An ONNX file → a model that can be run, on one thread."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

__all__ = ["Network", "open_network"]

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A model of one input and one output."""

_PREFERRED = ("CUDAExecutionProvider", "CPUExecutionProvider")


def open_network(path: Path) -> tuple[Network, dict[str, str]]:
    """The model of a file, on a GPU where onnxruntime has one, and the texts that the file carries with it.

    One thread, since operators run beside each other: two for each model at least halve the throughput of two cores.
    Between runs it keeps the memory of the largest input it was given, which operators bound; giving it back after each
    run costs the detector 60% more time.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    providers = [name for name in _PREFERRED if name in onnxruntime.get_available_providers()]
    session: Any = onnxruntime.InferenceSession(str(path), options, providers=providers)
    given, wanted = session.get_inputs()[0].name, [session.get_outputs()[0].name]

    def run(values: NDArray[np.float32]) -> NDArray[np.float32]:
        (answer,) = session.run(wanted, {given: values})
        return np.asarray(answer, np.float32)

    return run, dict(session.get_modelmeta().custom_metadata_map)
