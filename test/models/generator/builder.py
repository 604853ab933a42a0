"""Turns one description of a model into its config.pbtxt and model.onnx."""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

OPSET = 18
IR_VERSION = 8

# Triton's name of each datatype (without "TYPE_") and ONNX's.
ELEMENT_TYPES = {
    "BOOL": TensorProto.BOOL,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BF16": TensorProto.BFLOAT16,
    "STRING": TensorProto.STRING,
}

node = helper.make_node


@dataclass
class Tensor:
    """One input or output, as config.pbtxt and as the ONNX graph have it."""

    name: str
    datatype: str
    dims: list
    options: str = ""  # more fields for config.pbtxt
    onnx_dims: list | None = None  # where they differ from dims
    onnx_shape: list | None = None  # where there is no batch dimension in front

    def config(self):
        dims = ", ".join(map(str, self.dims))
        options = f" {self.options}" if self.options else ""
        return f'{{ name: "{self.name}" data_type: TYPE_{self.datatype} dims: [ {dims} ]{options} }}'

    def value_info(self, is_batched=False):
        if self.onnx_shape is not None:
            return helper.make_tensor_value_info(
                self.name, ELEMENT_TYPES[self.datatype], self.onnx_shape)
        dims = self.dims if self.onnx_dims is None else self.onnx_dims
        dims = ["n" if dim == -1 else dim for dim in dims]
        if is_batched:
            dims = ["batch", *dims]
        return helper.make_tensor_value_info(self.name, ELEMENT_TYPES[self.datatype], dims)


@dataclass
class BatchInput:
    """Inputs of the ONNX graph that the server makes from the shapes of `source`."""

    kind: str  # without "BATCH_"
    targets: list
    datatype: str
    source: str
    onnx_shape: list

    def config(self):
        targets = ", ".join(f'"{target}"' for target in self.targets)
        return (f"{{ kind: BATCH_{self.kind} target_name: [ {targets} ]"
                f' data_type: TYPE_{self.datatype} source_input: "{self.source}" }}')

    def value_infos(self):
        return [Tensor(target, self.datatype, [], onnx_shape=self.onnx_shape).value_info()
                for target in self.targets]


@dataclass
class BatchOutput:
    """An output that is cut by the shapes of `source`."""

    target: str
    source: str

    def config(self):
        return (f'{{ target_name: "{self.target}" kind: BATCH_SCATTER_WITH_INPUT_SHAPE'
                f' source_input: "{self.source}" }}')


@dataclass
class Model:
    """All there is to know about a model; `about` becomes its first line."""

    name: str
    about: str
    inputs: list
    outputs: list
    max_batch_size: int
    nodes: list
    constants: tuple = ()
    settings: str = ""  # more lines for config.pbtxt
    instances: int = 1
    batch_inputs: tuple = ()
    batch_outputs: tuple = ()
    unlisted_outputs: tuple = ()  # of the graph, not of config.pbtxt

    def config(self):
        lines = [
            f"# {self.about}",
            f'name: "{self.name}"',
            'backend: "onnxruntime"',
            f"max_batch_size: {self.max_batch_size}",
            *tensor_list("input", self.inputs),
            *tensor_list("output", self.outputs),
            *tensor_list("batch_input", self.batch_inputs),
            *tensor_list("batch_output", self.batch_outputs),
            f"instance_group [ {{ kind: KIND_CPU count: {self.instances} }} ]",
        ]
        if self.settings:
            lines.append(self.settings)
        return "\n".join(lines) + "\n"

    def onnx_bytes(self):
        is_batched = self.max_batch_size > 0
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [*(tensor.value_info(is_batched) for tensor in self.inputs),
             *(info for tensor in self.batch_inputs for info in tensor.value_infos())],
            [tensor.value_info(is_batched) for tensor in [*self.outputs, *self.unlisted_outputs]],
            list(self.constants),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="make-test-models.py",
        )
        checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)

    def write(self, folder, files=None):
        """Writes the model; `files` (path: content) adds to or replaces its files.

        A content of None leaves that file out.
        """
        contents = {"config.pbtxt": self.config(), "1/model.onnx": self.onnx_bytes()}
        for path, content in (contents | (files or {})).items():
            if content is None:
                continue
            target = folder / self.name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)


def tensor_list(field, tensors):
    if not tensors:
        return []
    items = [f"  {tensor.config()}" for tensor in tensors]
    return [f"{field} [", *",\n".join(items).split("\n"), "]"]


def constant(name, values, dtype):
    return numpy_helper.from_array(np.asarray(values, dtype=dtype), name)


def identity(name, about, datatype, dims, max_batch_size, options=""):
    return Model(
        name,
        about,
        [Tensor("INPUT0", datatype, dims)],
        [Tensor("OUTPUT0", datatype, dims, options)],
        max_batch_size,
        [node("Identity", ["INPUT0"], ["OUTPUT0"])],
    )


def add_sub(name, about):
    return Model(
        name,
        about,
        [Tensor("INPUT0", "FP32", [4]), Tensor("INPUT1", "FP32", [4])],
        [Tensor("OUTPUT0", "FP32", [4]), Tensor("OUTPUT1", "FP32", [4])],
        8,
        [
            node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
            node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"]),
        ],
    )


def add_number(name, about, number, tensor_dims, max_batch_size, onnx_dims=None):
    """OUTPUT0 = INPUT0 + number."""
    return Model(
        name,
        about,
        [Tensor("INPUT0", "FP32", tensor_dims, onnx_dims=onnx_dims)],
        [Tensor("OUTPUT0", "FP32", tensor_dims, onnx_dims=onnx_dims)],
        max_batch_size,
        [node("Add", ["INPUT0", "number"], ["OUTPUT0"])],
        (constant("number", number, np.float32),),
    )
