"""Models that take as long as their requests ask for."""

import numpy as np
from onnx import TensorProto, helper

from .builder import Model, Tensor, constant, node

SLOW_SIZE = 64


def slow(name, instances):
    """ITERATIONS rounds of matrix = tanh(matrix x mixer), one after the other."""
    return Model(
        name, "A request takes as long as its ITERATIONS; DONE says how many were done.",
        [Tensor("ITERATIONS", "INT64", [1])],
        [Tensor("DONE", "INT64", [1])],
        0,
        [
            node("Loop", ["ITERATIONS", "true", "start", "zero"], ["matrix", "count"],
                 body=slow_round()),
            # Adds nothing (all of the matrix is within -1..1, half of it cuts
            # to 0) but makes the result depend on the matrix, so that no
            # optimiser may drop the work.
            node("ReduceMax", ["matrix"], ["largest"], keepdims=0),
            node("Mul", ["largest", "half"], ["below_one"]),
            node("Cast", ["below_one"], ["nothing"], to=TensorProto.INT64),
            node("Add", ["count", "nothing"], ["DONE"]),
        ],
        loop_constants(),
        instances=instances,
    )


def slow_round():
    def info(name, element_type, dims):
        return helper.make_tensor_value_info(name, element_type, dims)

    size = [SLOW_SIZE, SLOW_SIZE]
    return helper.make_graph(
        [
            node("Identity", ["go_on"], ["go_on_next"]),
            node("MatMul", ["matrix_before", "mixer"], ["product"]),
            node("Tanh", ["product"], ["matrix_after"]),
            node("Add", ["count_before", "one"], ["count_after"]),
        ],
        "round",
        [
            info("round_index", TensorProto.INT64, []),
            info("go_on", TensorProto.BOOL, []),
            info("matrix_before", TensorProto.FLOAT, size),
            info("count_before", TensorProto.INT64, [1]),
        ],
        [
            info("go_on_next", TensorProto.BOOL, []),
            info("matrix_after", TensorProto.FLOAT, size),
            info("count_after", TensorProto.INT64, [1]),
        ],
    )


def loop_constants():
    # Entries of about 1.5 / sqrt(size) keep the matrix from dying out, where
    # it would reach denormal numbers, whose speed differs wildly; the tanh
    # keeps it from growing.
    random = np.random.RandomState(7)
    size = (SLOW_SIZE, SLOW_SIZE)
    bound = 1.5 * np.sqrt(3 / SLOW_SIZE)
    return (
        constant("start", random.uniform(-1, 1, size), np.float32),
        constant("mixer", random.uniform(-bound, bound, size), np.float32),
        constant("one", [1], np.int64),
        constant("zero", [0], np.int64),
        constant("half", 0.5, np.float32),
        constant("true", True, np.bool_),
    )
