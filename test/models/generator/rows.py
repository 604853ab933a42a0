"""Models of repository/ with a batch dimension, whose every row answers for itself. The configs ask for no
batching: tests serve them again with what they want to see."""

import numpy as np
from onnx import TensorProto

from .builder import Model, Tensor, constant, node
from .slow import loop_constants, slow_round


def write_all(folder):
    for model in [
        row_pairs(),
        row_sums(),
        row_scores(),
        row_images(),
        row_lookup(),
        row_slow(),
    ]:
        model.write(folder)


def row_pairs():
    return Model(
        "row_pairs", "SUM and PRODUCT of two inputs of any width.",
        [Tensor("A", "FP32", [-1]), Tensor("B", "FP32", [-1])],
        [Tensor("SUM", "FP32", [-1]), Tensor("PRODUCT", "FP32", [-1])],
        8,
        [node("Add", ["A", "B"], ["SUM"]), node("Mul", ["A", "B"], ["PRODUCT"])],
    )


def row_sums():
    return Model(
        "row_sums", "SUM of two inputs of whole numbers, of any width.",
        [Tensor("A", "INT64", [-1]), Tensor("B", "INT64", [-1])],
        [Tensor("SUM", "INT64", [-1])],
        8,
        [node("Add", ["A", "B"], ["SUM"])],
    )


def row_scores():
    weights = np.random.RandomState(11).uniform(-1, 1, (64, 10))
    return Model(
        "row_scores", "A matrix product.",
        [Tensor("INPUT0", "FP32", [64])],
        [Tensor("OUTPUT0", "FP32", [10])],
        16,
        [node("MatMul", ["INPUT0", "weights"], ["OUTPUT0"])],
        (constant("weights", weights, np.float32),),
    )


def row_images():
    weights = np.random.RandomState(12).uniform(-1, 1, (4, 3, 3, 3))
    return Model(
        "row_images", "A convolution of images of any size.",
        [Tensor("INPUT0", "FP32", [3, -1, -1], onnx_dims=[3, "height", "width"])],
        [Tensor("OUTPUT0", "FP32", [4, -1, -1], onnx_dims=[4, "height", "width"])],
        8,
        [node("Conv", ["INPUT0", "weights"], ["OUTPUT0"], pads=[1, 1, 1, 1])],
        (constant("weights", weights, np.float32),),
    )


def row_lookup():
    return Model(
        "row_lookup", "An INDEX outside -4..3 in any row fails the whole batch while it runs.",
        [Tensor("INDEX", "INT64", [1])],
        [Tensor("VALUE", "FP32", [1])],
        8,
        [node("Gather", ["table", "INDEX"], ["VALUE"])],
        (constant("table", [10, 20, 30, 40], np.float32),),
    )


def row_slow():
    """A batch takes as long as the largest of its ITERATIONS."""
    return Model(
        "row_slow", "A batch takes as long as the largest of its ITERATIONS; DONE repeats them.",
        [Tensor("ITERATIONS", "INT64", [1])],
        [Tensor("DONE", "INT64", [1])],
        8,
        [
            node("ReduceMax", ["ITERATIONS"], ["largest_row"], keepdims=0),
            node("Reshape", ["largest_row", "one"], ["rounds"]),
            node("Loop", ["rounds", "true", "start", "zero"], ["matrix", "count"], body=slow_round()),
            # See slow.py: adds nothing, but keeps the work from being dropped.
            node("ReduceMax", ["matrix"], ["largest"], keepdims=0),
            node("Mul", ["largest", "half"], ["below_one"]),
            node("Cast", ["below_one"], ["nothing"], to=TensorProto.INT64),
            node("Add", ["ITERATIONS", "nothing"], ["DONE"]),
        ],
        loop_constants(),
    )
