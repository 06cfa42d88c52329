"""The tensors of an operator on a model server, with what its declaration leaves to the fields' types."""

from collections.abc import Iterable

from comb_compiler.protos import Field, Schema
from comb_compiler.release import OipTarget
from comb_compiler.release.tensors import Tensor, datatypes
from comb_compiler.spec.comb.operators import Operator
from comb_compiler.spec.comb.tensors import TensorField

__all__ = ["target_of"]


def target_of(schema: Schema, operator: Operator) -> OipTarget | None:
    """What the engine calls, of an operator without errors; None where it is none of a model server."""
    oip = operator.oip
    if oip is None:
        return None
    inputs, outputs = [], []
    for name, declared in oip.tensors.inputs.items():
        port, *names = declared.field.split(".")
        inputs.append(_tensor(name, declared, _field(schema, operator.inputs[port].type, names)))
    for name, declared in oip.tensors.outputs.items():
        outputs.append(_tensor(name, declared, _field(schema, operator.out, declared.field.split("."))))
    return OipTarget(oip.endpoint, oip.model, oip.version or "", tuple(inputs), tuple(outputs))


def _field(schema: Schema, message: str, names: Iterable[str]) -> Field:
    field: Field | None = None
    for name in names:
        field = schema.messages[message].field(name)
        assert field is not None
        message = field.type
    assert field is not None
    return field


def _tensor(name: str, declared: TensorField, field: Field) -> Tensor:
    datatype = declared.type.value if declared.type else datatypes(field.kind, is_repeated=field.is_repeated)[0]
    return Tensor(name, datatype, tuple(declared.shape), tuple(declared.field.split(".")))
