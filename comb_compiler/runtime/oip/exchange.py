"""A binding's calls as a request to a model server, and its response as their answers."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from comb_compiler.release import Binding, OipTarget
from comb_compiler.release.tensors import Tensor
from comb_compiler.runtime.codes import Code, OperatorError
from comb_compiler.runtime.messages import Message, Messages
from comb_compiler.runtime.oip.contents import Contents, count, given, joined, part, sent
from comb_compiler.runtime.oip.fields import Read, Write, reader, writer
from comb_compiler.runtime.oip.protocol import message
from comb_compiler.runtime.oip.shapes import agrees, filled

__all__ = ["Exchange", "Sent"]


class Sent(NamedTuple):
    """The tensors of one call, in the order of the declaration; `rows` is the first size of all where it batches."""

    contents: tuple[Contents, ...]
    shapes: tuple[tuple[int, ...], ...]
    rows: int


class Exchange:
    """What a binding declares of its tensors, compiled. Raises ValueError where that does not fit its messages."""

    def __init__(self, name: str, binding: Binding, target: OipTarget, messages: Messages) -> None:
        self._name = name
        self._target = target
        self._batches = binding.batch is not None
        ports = {port.name: index for index, port in enumerate(binding.ports)}
        kinds = {port.name: messages[port.type] for port in binding.ports}
        self._reads = tuple(_port_reader(one, ports, kinds) for one in target.inputs)
        self._out = messages[binding.out]
        self._writes = tuple((one, writer(one, one.field, self._out)) for one in target.outputs)
        self._request, self._input = message("ModelInferRequest"), message("ModelInferRequest.InferInputTensor")
        self._wanted = [
            message("ModelInferRequest.InferRequestedOutputTensor")(name=one.name) for one in target.outputs
        ]

    def read(self, arguments: Sequence[Any]) -> Sent:
        """The tensors of a call. Raises OperatorError (INVALID_ARGUMENT) for values that do not make them up."""
        contents: list[Contents] = []
        shapes: list[tuple[int, ...]] = []
        for tensor, read in zip(self._target.inputs, self._reads, strict=True):
            try:
                values = read(arguments)
                shapes.append(filled(tensor.shape, count(tensor.datatype, values)))
            except ValueError as error:
                said = f"`{'.'.join(tensor.field)}` does not fit `{tensor.name}` of `{self._name}`: {error}"
                raise OperatorError(Code.INVALID_ARGUMENT, said) from error
            contents.append(values)
        rows = {shape[0] for shape in shapes} if self._batches else {0}
        if len(rows) != 1:
            said = f"the tensors of `{self._name}` differ in their first size: {', '.join(map(str, sorted(rows)))}"
            raise OperatorError(Code.INVALID_ARGUMENT, said)
        return Sent(tuple(contents), tuple(shapes), rows.pop())

    def request(self, calls: Sequence[Sent], request_id: str) -> Any:
        """The request of one call, or of several together: one below the other."""
        inputs = []
        for place, tensor in enumerate(self._target.inputs):
            shape = calls[0].shapes[place]
            if len(calls) > 1:
                shape = (sum(call.rows for call in calls), *shape[1:])
            inputs.append(self._input(name=tensor.name, datatype=tensor.datatype, shape=shape))
        return self._request(
            model_name=self._target.model,
            model_version=self._target.version,
            id=request_id,
            inputs=inputs,
            outputs=self._wanted,
            raw_input_contents=[
                sent(joined(column)) for column in zip(*(call.contents for call in calls), strict=True)
            ],
        )

    def answers(self, response: Any, calls: Sequence[Sent]) -> list[Message]:
        """The answer of each call. Raises OperatorError for tensors that are not as declared."""
        outputs = {one.name: index for index, one in enumerate(response.outputs)}
        raw = response.raw_output_contents
        if raw and len(raw) != len(response.outputs):
            raise self._broken(Code.DATA_LOSS, f"it sent {len(response.outputs)} tensors with contents of {len(raw)}")
        answers = [self._out() for _ in calls]
        for tensor, write in self._writes:
            index = outputs.get(tensor.name)
            if index is None:
                raise self._broken(Code.FAILED_PRECONDITION, f"it sent no tensor `{tensor.name}`")
            output = response.outputs[index]
            contents = self._contents(tensor, output, raw[index] if raw else None)
            self._put(tensor, write, contents, output, list(zip(answers, calls, strict=True)))
        return answers

    def _contents(self, tensor: Tensor, output: Any, raw: bytes | None) -> Contents:
        if output.datatype != tensor.datatype:
            said = f"its tensor `{tensor.name}` is of {output.datatype}, and the comb says {tensor.datatype}"
            raise self._broken(Code.FAILED_PRECONDITION, said)
        if not agrees(output.shape, tensor.shape):
            said = f"its tensor `{tensor.name}` has the shape {list(output.shape)}, not {list(tensor.shape)}"
            raise self._broken(Code.FAILED_PRECONDITION, said)
        try:
            contents = given(output, raw)
        except ValueError as error:
            said = f"its tensor `{tensor.name}` cannot be read: {error}"
            raise self._broken(Code.DATA_LOSS, said) from error
        if any(size < 0 for size in output.shape) or count(tensor.datatype, contents) != prod(output.shape):
            said = f"its tensor `{tensor.name}` of shape {list(output.shape)} came with other than so many values"
            raise self._broken(Code.DATA_LOSS, said)
        return contents

    def _put(
        self, tensor: Tensor, write: Write, contents: Contents, output: Any, answers: list[tuple[Message, Sent]]
    ) -> None:
        """Give each call its rows."""
        rows = sum(call.rows for _, call in answers)
        if self._batches and output.shape[0] != rows:
            said = f"its tensor `{tensor.name}` has {output.shape[0]} rows for {rows}"
            raise self._broken(Code.FAILED_PRECONDITION, said)
        row, start = prod(output.shape[1:]), 0
        for answer, call in answers:
            stop = start + row * call.rows
            own = contents if len(answers) == 1 else part(tensor.datatype, contents, start, stop)
            try:
                write(answer, own)
            except ValueError as error:
                said = f"its tensor `{tensor.name}` cannot be kept: {error}"
                raise self._broken(Code.DATA_LOSS, said) from error
            start = stop

    def _broken(self, code: Code, said: str) -> OperatorError:
        return OperatorError(code, f"the model server of `{self._name}` is at fault: {said}")


def _port_reader(
    tensor: Tensor, ports: dict[str, int], kinds: dict[str, type[Message]]
) -> Callable[[Sequence[Any]], Contents]:
    port, *path = tensor.field
    if port not in ports:
        raise ValueError(f"the tensor `{tensor.name}` is read from `{port}`, which is no port")
    place = ports[port]
    read: Read = reader(tensor, tuple(path), kinds[port])
    return lambda arguments: read(arguments[place])
