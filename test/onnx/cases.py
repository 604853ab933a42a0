"""The cases of ONNX's own backend tests, as the `onnx` package brings them along."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

DATA = Path(onnx.__file__).parent / "backend/test/data"

KINDS = ["node", "simple", "light", "pytorch-converted", "pytorch-operator"]

CARRIED = {
    TensorProto.BOOL, TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
    TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.FLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING,
}
"""Element types of tensors that onnxruntime-node carries."""


@dataclass(frozen=True)
class Case:
    kind: str
    name: str
    file: Path

    @property
    def model(self):
        """The name under which it is served."""
        return f"{self.kind}-{self.name}"

    @functools.cached_property
    def proto(self):
        return onnx.load(self.file)

    @property
    def inputs(self):
        """What a run has to be given."""
        valued = {initializer.name for initializer in self.proto.graph.initializer}
        return [value for value in self.proto.graph.input if value.name not in valued]

    @property
    def outputs(self):
        return list(self.proto.graph.output)

    def foreign(self):
        """The kinds of values at the edges that the protocol or onnxruntime-node does not carry."""
        return sorted({kind for value in (*self.inputs, *self.outputs) if (kind := _foreign(value.type)) is not None})

    def data_sets(self):
        """Pairs of inputs and expected outputs; only for cases without foreign values."""
        if self.kind == "light":
            yield [_ramp(value) for value in self.inputs], [_read(self.file.with_name(f"{self.file.stem}_output_0.pb"))]
            return
        for folder in sorted(self.file.parent.glob("test_data_set_*")):
            yield [_read_all(folder, side, count)
                   for side, count in (("input", len(self.inputs)), ("output", len(self.outputs)))]


def all_cases():
    for kind in KINDS:
        if kind == "light":
            yield from (Case(kind, file.stem, file) for file in sorted((DATA / kind).glob("*.onnx")))
        else:
            yield from (Case(kind, file.parent.name, file) for file in sorted((DATA / kind).glob("*/model.onnx")))


def _foreign(type_):
    kind = type_.WhichOneof("value")
    if kind != "tensor_type":
        return (kind or "no type").removesuffix("_type")
    element = type_.tensor_type.elem_type
    return None if element in CARRIED else TensorProto.DataType.Name(element)


def _read_all(folder, side, count):
    return [_read(folder / f"{side}_{number}.pb") for number in range(count)]


def _read(file):
    return numpy_helper.to_array(onnx.load_tensor(file))


def _ramp(value):
    """The data that the runner of the `onnx` package makes for these models."""
    shape = [dim.dim_value if dim.HasField("dim_value") else 1 for dim in value.type.tensor_type.shape.dim]
    count = int(np.prod(shape))
    return (np.arange(count).reshape(shape) / count).astype(np.float32)
