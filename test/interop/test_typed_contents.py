"""Input data in the typed lists of `contents`, which tritonclient never uses but other clients do."""

import numpy as np
import pytest
from messages import declared, message, refused
from tritonclient.grpc import service_pb2

CASES = {
    "BOOL": ("bool_contents", np.bool_, [True, False, True]),
    "UINT8": ("uint_contents", np.uint8, [0, 1, 255]),
    "UINT16": ("uint_contents", np.uint16, [0, 1, 65535]),
    "UINT32": ("uint_contents", np.uint32, [0, 1, 2**32 - 1]),
    "UINT64": ("uint64_contents", np.uint64, [0, 1, 2**64 - 1, 2**53 + 1]),
    "INT8": ("int_contents", np.int8, [-128, -1, 127]),
    "INT16": ("int_contents", np.int16, [-32768, -1, 32767]),
    "INT32": ("int_contents", np.int32, [-(2**31), -1, 2**31 - 1]),
    "INT64": ("int64_contents", np.int64, [-(2**63), -1, 2**63 - 1, 2**53 + 1]),
    "FP32": ("fp32_contents", np.float32, [0.0, -0.0, 1.5, np.inf, -np.inf, 3.4028234663852886e38]),
    "FP64": ("fp64_contents", np.float64, [0.0, -0.0, 0.1, np.inf, -np.inf, 1.7976931348623157e308]),
}


def infer_typed(stub, datatype, contents, shape):
    return stub.ModelInfer(message(f"identity_{datatype.lower()}", declared("INPUT0", datatype, shape, contents)))


@pytest.mark.parametrize("datatype", CASES)
def test_each_datatype_in_its_list(stub, datatype):
    field, numpy_type, values = CASES[datatype]
    response = infer_typed(stub, datatype, {field: values}, [1, len(values)])
    assert list(response.raw_output_contents) == [np.array(values, dtype=numpy_type).tobytes()]
    assert not response.outputs[0].HasField("contents")


def test_strings_in_their_list(stub):
    texts = [b"", "ä".encode(), b"x" * 1000]
    response = infer_typed(stub, "BYTES", {"bytes_contents": texts}, [1, 3])
    expected = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    assert list(response.raw_output_contents) == [expected]


@pytest.mark.parametrize("datatype, field, given, kept", [
    ("INT8", "int_contents", 300, 44),
    ("INT8", "int_contents", -129, 127),
    ("INT16", "int_contents", 65535, -1),
    ("UINT8", "uint_contents", 257, 1),
    ("UINT16", "uint_contents", 65536 + 7, 7),
])
def test_the_low_bytes_of_a_larger_number_count(stub, datatype, field, given, kept):
    response = infer_typed(stub, datatype, {field: [given]}, [1, 1])
    assert np.frombuffer(response.raw_output_contents[0], dtype=datatype.lower()).tolist() == [kept]


def test_several_inputs_in_lists(stub):
    response = stub.ModelInfer(message(
        "add_sub",
        declared("INPUT1", "FP32", [1, 4], {"fp32_contents": [1, 1, 1, 1]}),
        declared("INPUT0", "FP32", [1, 4], {"fp32_contents": [5, 6, 7, 8]})))
    total, difference = (np.frombuffer(raw, np.float32).tolist() for raw in response.raw_output_contents)
    assert total == [6, 7, 8, 9]
    assert difference == [4, 5, 6, 7]


@pytest.mark.parametrize("datatype", ["FP32", "INT64", "BYTES"])
def test_empty_contents_are_a_tensor_without_elements(stub, datatype):
    response = infer_typed(stub, datatype, {}, [1, 0])
    assert list(response.raw_output_contents) == [b""]
    assert list(response.outputs[0].shape) == [1, 0]


def test_empty_contents_for_a_tensor_with_elements(stub):
    with refused("INVALID_ARGUMENT",
                 "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'identity_fp32'. "
                 "Expected 8, got 0"):
        infer_typed(stub, "FP32", {}, [1, 2])


@pytest.mark.parametrize("values, size", [([1.0], 4), ([1.0, 2.0, 3.0], 12)])
def test_a_list_of_another_length_than_the_shape(stub, values, size):
    with refused("INVALID_ARGUMENT",
                 "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'identity_fp32'. "
                 f"Expected 8, got {size}"):
        infer_typed(stub, "FP32", {"fp32_contents": values}, [1, 2])


@pytest.mark.parametrize("datatype, field, values, kind", [
    ("FP32", "int_contents", [1], "INT32"),
    ("FP32", "fp64_contents", [1.0], "FP64"),
    ("FP64", "fp32_contents", [1.0], "FP32"),
    ("INT32", "int64_contents", [1], "INT64"),
    ("INT32", "uint_contents", [1], "UINT32"),
    ("INT64", "int_contents", [1], "INT32"),
    ("UINT64", "uint_contents", [1], "UINT32"),
    ("UINT8", "uint64_contents", [1], "UINT64"),
    ("INT8", "bool_contents", [True], "BOOL"),
    ("FP16", "fp32_contents", [1.0], "FP32"),
    ("BOOL", "bytes_contents", [b"true"], "BYTES"),
])
def test_a_list_of_another_kind_than_the_datatype(stub, datatype, field, values, kind):
    with refused("INVALID_ARGUMENT",
                 f"unexpected explicit tensor data for input tensor 'INPUT0' for model 'identity_{datatype.lower()}' "
                 f"of type '{kind}', expected datatype '{datatype}'"):
        infer_typed(stub, datatype, {field: values}, [1, 1])


def test_raw_data_beside_a_list(stub):
    filled = declared("INPUT0", "FP32", [1, 1], {"fp32_contents": [1]})
    with refused("INVALID_ARGUMENT",
                 "contents field must not be specified when using raw_input_contents for 'INPUT0' "
                 "for model 'identity_fp32'"):
        stub.ModelInfer(message("identity_fp32", filled, raw=[b"\0\0\0\0"]))


def test_no_data_at_all(stub):
    with refused("INVALID_ARGUMENT",
                 "unable to find data for input tensor 'INPUT0' for model 'identity_fp32' in request."):
        stub.ModelInfer(message("identity_fp32", declared("INPUT0", "FP32", [1, 1])))


def test_surplus_raw_data_is_ignored(stub):
    response = stub.ModelInfer(message("identity_fp32", declared("INPUT0", "FP32", [1, 1]),
                                       raw=[b"\1\2\3\4", b"surplus"]))
    assert list(response.raw_output_contents) == [b"\1\2\3\4"]


def test_typed_contents_in_a_stream(stub):
    requests = [message("identity_int64", declared("INPUT0", "INT64", [1, 1], {"int64_contents": [n]}), request_id=str(n))
                for n in range(5)]
    answers = list(stub.ModelStreamInfer(iter(requests)))
    assert [answer.error_message for answer in answers] == [""] * 5
    assert [np.frombuffer(answer.infer_response.raw_output_contents[0], np.int64)[0] for answer in answers] == list(range(5))
    assert isinstance(answers[0], service_pb2.ModelStreamInferResponse)
