"""Models with ragged inputs, batch inputs and batch outputs."""

import numpy as np

from .builder import BatchInput, BatchOutput, Model, Tensor, constant, node

RAGGED = "allow_ragged_batch: true"
ROWS = "reshape { shape: [ ] }"


def write_all(folder):
    for model in [ragged_sums(), batch_inputs(), ragged_scatter(), ragged_nobatch()]:
        if model.max_batch_size > 0:
            model.settings = "dynamic_batching { }"
        model.write(folder)


def ragged_input(name, datatype, dims):
    return Tensor(name, datatype, dims, RAGGED, onnx_shape=[f"all_of_{name}"])


def ragged_sums():
    # The sum of a request is the difference of two running sums, taken where
    # the request begins and where it ends.
    return Model(
        "ragged_sums", "The sum of each request's numbers, times its SCALE.",
        [ragged_input("INPUT0", "FP32", [-1]), Tensor("SCALE", "FP32", [1])],
        [Tensor("OUTPUT0", "FP32", [1])],
        8,
        [
            node("CumSum", ["INPUT0", "first_axis"], ["running"]),
            node("Concat", ["none", "running"], ["running_from_0"], axis=0),
            node("Gather", ["running_from_0", "BOUNDS"], ["at_bounds"]),
            node("Slice", ["at_bounds", "zero", "minus_one"], ["before"]),
            node("Slice", ["at_bounds", "one", "far"], ["after"]),
            node("Sub", ["after", "before"], ["sums"]),
            node("Unsqueeze", ["sums", "one"], ["column"]),
            node("Mul", ["column", "SCALE"], ["OUTPUT0"]),
        ],
        (
            constant("first_axis", 0, np.int64),
            constant("none", [0], np.float32),
            constant("zero", [0], np.int64),
            constant("one", [1], np.int64),
            constant("minus_one", [-1], np.int64),
            constant("far", [2**31], np.int64),
        ),
        batch_inputs=(
            BatchInput("ACCUMULATED_ELEMENT_COUNT_WITH_ZERO", ["BOUNDS"], "INT32", "INPUT0",
                       ["bounds"]),
        ),
    )


def batch_inputs():
    of_requests = {"options": ROWS, "onnx_shape": ["requests"]}
    return Model(
        "batch_inputs", "Returns all that the server can make of the shapes of a ragged input.",
        [ragged_input("INPUT0", "FP32", [-1, -1])],
        [
            Tensor("COUNTS", "INT32", [1], **of_requests),
            Tensor("SUMS", "FP32", [1], **of_requests),
            Tensor("SUMS_AGAIN", "FP32", [1], **of_requests),
            Tensor("BOUNDS", "INT32", [1], ROWS, onnx_shape=["bounds"]),
            Tensor("LARGEST", "INT64", [1], onnx_shape=["requests", 1]),
            Tensor("SHAPES", "INT32", [2], onnx_shape=["rows", 2]),
            Tensor("FLAT_SHAPES", "FP32", [2], onnx_shape=["flat_rows", 2]),
            Tensor("OUTPUT0", "FP32", [-1, -1], onnx_shape=["all_of_INPUT0"]),
        ],
        8,
        [
            node("Identity", ["COUNTS_IN"], ["COUNTS"]),
            node("Identity", ["SUMS_IN"], ["SUMS"]),
            node("Identity", ["SUMS_AGAIN_IN"], ["SUMS_AGAIN"]),
            node("Identity", ["BOUNDS_IN"], ["BOUNDS"]),
            # The same for each request: as many rows as there are requests.
            node("Shape", ["LARGEST_IN"], ["largest"]),
            node("Shape", ["COUNTS_IN"], ["requests"]),
            node("Concat", ["requests", "one"], ["column"], axis=0),
            node("Expand", ["largest", "column"], ["LARGEST"]),
            node("Identity", ["SHAPES_IN"], ["SHAPES"]),
            node("Reshape", ["FLAT_SHAPES_IN", "pairs"], ["FLAT_SHAPES"]),
            node("Identity", ["INPUT0"], ["OUTPUT0"]),
        ],
        (constant("one", [1], np.int64), constant("pairs", [-1, 2], np.int64)),
        batch_inputs=tuple(
            BatchInput(kind, targets, datatype, "INPUT0", shape)
            for kind, targets, datatype, shape in [
                ("ELEMENT_COUNT", ["COUNTS_IN"], "INT32", ["requests"]),
                ("ACCUMULATED_ELEMENT_COUNT", ["SUMS_IN", "SUMS_AGAIN_IN"], "FP32", ["requests"]),
                ("ACCUMULATED_ELEMENT_COUNT_WITH_ZERO", ["BOUNDS_IN"], "INT32", ["bounds"]),
                ("MAX_ELEMENT_COUNT_AS_SHAPE", ["LARGEST_IN"], "FP32", ["largest"]),
                ("ITEM_SHAPE", ["SHAPES_IN"], "INT32", ["rows", 2]),
                ("ITEM_SHAPE_FLATTEN", ["FLAT_SHAPES_IN"], "FP32", ["flat"]),
            ]
        ),
        batch_outputs=(BatchOutput("OUTPUT0", "INPUT0"),),
    )


def ragged_scatter():
    return Model(
        "ragged_scatter", "Doubles the numbers and returns the strings, each in the shape it came.",
        [ragged_input("INPUT0", "FP32", [-1, 2]), ragged_input("INPUT1", "STRING", [-1])],
        [
            Tensor("OUTPUT0", "FP32", [-1, 2], onnx_shape=["all_of_INPUT0"]),
            Tensor("OUTPUT1", "STRING", [-1], onnx_shape=["all_of_INPUT1"]),
        ],
        8,
        [
            node("Add", ["INPUT0", "INPUT0"], ["OUTPUT0"]),
            node("Identity", ["INPUT1"], ["OUTPUT1"]),
        ],
        batch_outputs=(BatchOutput("OUTPUT0", "INPUT0"), BatchOutput("OUTPUT1", "INPUT1")),
    )


def ragged_nobatch():
    return Model(
        "ragged_nobatch", "Doubles one request at a time; SHAPE is that of its numbers.",
        [ragged_input("INPUT0", "FP32", [-1, -1])],
        [
            Tensor("OUTPUT0", "FP32", [-1, -1], onnx_shape=["all_of_INPUT0"]),
            Tensor("SHAPE", "INT32", [-1, 2], onnx_shape=["items", 2]),
        ],
        0,
        [
            node("Add", ["INPUT0", "INPUT0"], ["OUTPUT0"]),
            node("Identity", ["SHAPE_IN"], ["SHAPE"]),
        ],
        batch_inputs=(
            BatchInput("ITEM_SHAPE", ["SHAPE_IN"], "INT32", "INPUT0", ["items", 2]),
        ),
        batch_outputs=(BatchOutput("OUTPUT0", "INPUT0"),),
    )
