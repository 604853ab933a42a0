"""Requests by tritonclient and by the plain stubs, and what is expected of their answers."""

import queue
from contextlib import contextmanager

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2
from tritonclient.utils import np_to_triton_dtype

ITERATIONS_PER_SECOND = 130_000
"""What the model `slow` does on an ordinary core."""


def tensor(name, array, datatype=None):
    """An input of tritonclient that holds the array."""
    array = np.asarray(array)
    filled = triton.InferInput(name, list(array.shape), datatype or np_to_triton_dtype(array.dtype))
    filled.set_data_from_numpy(array)
    return filled


def floats(*values):
    """A batch of one row of FP32."""
    return np.array([values], dtype=np.float32)


def add_sub_inputs(first=(1, 2, 3, 4), second=(10, 20, 30, 40)):
    return [tensor("INPUT0", floats(*first)), tensor("INPUT1", floats(*second))]


def slow_inputs(seconds):
    """Inputs that keep `slow` busy for about that long."""
    return [tensor("ITERATIONS", np.array([int(seconds * ITERATIONS_PER_SECOND)], dtype=np.int64))]


def outputs(*names):
    return [triton.InferRequestedOutput(name) for name in names]


def parameter(**kind):
    return service_pb2.InferParameter(**kind)


def message(model, *inputs, raw=(), wanted=(), version="", request_id="", **parameters):
    """A request of the plain stubs; inputs are made by `declared`."""
    return service_pb2.ModelInferRequest(
        model_name=model, model_version=version, id=request_id, inputs=inputs, outputs=wanted,
        raw_input_contents=raw, parameters=parameters)


def declared(name, datatype, shape, contents=None, **parameters):
    filled = service_pb2.ModelInferRequest.InferInputTensor(
        name=name, datatype=datatype, shape=shape, parameters=parameters)
    if contents is not None:
        filled.contents.CopyFrom(service_pb2.InferTensorContents(**contents))
    return filled


def wanted_output(name, **parameters):
    return service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=name, parameters=parameters)


def identity_message(**settings):
    """A request to identity_fp32 that is right, but for what the settings add."""
    return message("identity_fp32", declared("INPUT0", "FP32", [1, 1]), raw=[b"\0\0\0\0"], **settings)


@contextmanager
def refused(status, text=None):
    """What is inside must fail with this status and, when given, exactly this message."""
    with pytest.raises((triton.InferenceServerException, grpc.RpcError)) as caught:
        yield caught
    error = caught.value
    if isinstance(error, grpc.RpcError):
        found, details = f"StatusCode.{error.code().name}", error.details()
    else:
        found, details = error.status(), error.message()
    assert (found, details) == (f"StatusCode.{status}", details if text is None else text)


class Answers:
    """Collects what a stream or asynchronous calls answer, in the order in which it comes."""

    def __init__(self):
        self._queue = queue.Queue()

    def __call__(self, result, error):
        self._queue.put((result, error))

    def next(self):
        return self._queue.get(timeout=30)

    def take(self, count):
        return [self.next() for _ in range(count)]

    def empty(self):
        return self._queue.empty()
