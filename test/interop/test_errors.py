"""The errors that a user of tritonclient meets: Triton's status codes and Triton's words."""

import re

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from messages import (add_sub_inputs, declared, floats, identity_message, message, outputs, parameter, refused, tensor,
                      wanted_output)
from tritonclient.grpc import service_pb2

UNKNOWN_ID = "[request id: <id_unknown>] "
BATCHING_NOTE = (
    "NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each "
    "input shape. If you want to specify the full shape including the batch dim in your input dims config, try setting "
    "max_batch_size to zero. See the model configuration docs for more info on max_batch_size.")


def infer(client, model, *inputs, **settings):
    return client.infer(model, list(inputs), **settings)


LOOKUPS = {
    "infer": lambda client, model, version: infer(client, model, tensor("INPUT0", floats(1)), model_version=version),
    "metadata": lambda client, model, version: client.get_model_metadata(model, version),
    "config": lambda client, model, version: client.get_model_config(model, version),
}


@pytest.mark.parametrize("model, version, status, text", [
    ("nothing", "", "NOT_FOUND", "Request for unknown model: 'nothing' is not found"),
    ("nothing", "1", "NOT_FOUND", "Request for unknown model: 'nothing' is not found"),
    ("", "", "NOT_FOUND", "Request for unknown model: '' is not found"),
    ("Add_Sub", "", "NOT_FOUND", "Request for unknown model: 'Add_Sub' is not found"),
    ("add_sub", "9", "NOT_FOUND", "Request for unknown model: 'add_sub' version 9 is not found"),
])
@pytest.mark.parametrize("ask", LOOKUPS)
def test_models_and_versions_that_are_not_there(client, ask, model, version, status, text):
    with refused(status, text):
        LOOKUPS[ask](client, model, version)


@pytest.mark.parametrize("asked, text", [
    (["OUTPUT9"], "unexpected inference output 'OUTPUT9' for model 'add_sub'"),
    (["OUTPUT0", ""], "unexpected inference output '' for model 'add_sub'"),
    (["OUTPUT0", "OUTPUT0"], UNKNOWN_ID + "output 'OUTPUT0' already exists in request"),
])
def test_outputs_that_the_model_does_not_have(client, asked, text):
    with refused("INVALID_ARGUMENT", text):
        client.infer("add_sub", add_sub_inputs(), outputs=outputs(*asked))


def test_the_same_input_twice(client):
    inputs = [tensor("INPUT0", floats(1, 2, 3, 4)), tensor("INPUT0", floats(1, 2, 3, 4))]
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + "input 'INPUT0' already exists in request"):
        client.infer("add_sub", inputs)


@pytest.mark.parametrize("names, text", [
    (["INPUT0"], "expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['INPUT0'], "
                 "but missing required input(s) ['INPUT1']. Please provide all required input(s)."),
    (["OTHER"], "expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['OTHER'], "
                "but missing required input(s) ['INPUT0','INPUT1']. Please provide all required input(s)."),
    ([], "expected 2 inputs but got 0 inputs for model 'add_sub'. Got input(s) [], "
         "but missing required input(s) ['INPUT0','INPUT1']. Please provide all required input(s)."),
])
def test_inputs_that_are_missing(client, names, text):
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + text):
        client.infer("add_sub", [tensor(name, floats(1, 2, 3, 4)) for name in names])


def test_one_input_too_many(client):
    inputs = [*add_sub_inputs(), tensor("OTHER", floats(1))]
    with refused("INVALID_ARGUMENT") as caught:
        client.infer("add_sub", inputs)
    # The order of the names is open; the lone bracket is Triton's.
    text = caught.value.message()
    assert text.startswith(UNKNOWN_ID + "expected 2 inputs but got 3 inputs for model 'add_sub'. Got input(s) [")
    assert text.endswith("], but missing required input(s) ]. Please provide all required input(s).")


def test_an_input_of_another_name(client):
    inputs = [tensor("INPUT0", floats(1, 2, 3, 4)), tensor("OTHER", floats(1, 2, 3, 4))]
    with refused("INVALID_ARGUMENT", "unexpected inference input 'OTHER' for model 'add_sub'"):
        client.infer("add_sub", inputs)


def test_inputs_of_different_batches(client):
    inputs = [tensor("INPUT0", np.zeros((2, 4), np.float32)), tensor("INPUT1", np.zeros((3, 4), np.float32))]
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + "input 'INPUT1' batch size does not match other inputs for 'add_sub'"):
        client.infer("add_sub", inputs)


@pytest.mark.parametrize("batch", [9, 100])
def test_a_batch_that_is_too_large(client, batch):
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + "inference request batch-size must be <= 8 for 'identity_fp32'"):
        infer(client, "identity_fp32", tensor("INPUT0", np.zeros((batch, 1), np.float32)))


def test_an_input_without_a_batch_dimension(client):
    with refused("INVALID_ARGUMENT",
                 UNKNOWN_ID + "input 'INPUT0' has no shape but model requires batch dimension for 'identity_fp32'"):
        infer(client, "identity_fp32", tensor("INPUT0", np.float32(1)))


@pytest.mark.parametrize("datatype", [np.float64, np.int32, np.float16, np.bool_])
def test_another_datatype_than_the_models(client, datatype):
    given = tensor("INPUT0", np.zeros((1, 1), datatype))
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + f"inference input 'INPUT0' data-type is '{given.datatype()}', "
                                                  "but model 'identity_fp32' expects 'FP32'"):
        infer(client, "identity_fp32", given)


@pytest.mark.parametrize("name", ["TYPE_FP32", "STRING", "fp32", ""])
def test_a_datatype_that_is_none(client, name):
    given = triton.InferInput("INPUT0", [1, 1], name)
    given._raw_content = b"\0\0\0\0"
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + "inference input 'INPUT0' data-type is '<invalid>', "
                                                  "but model 'identity_fp32' expects 'FP32'"):
        infer(client, "identity_fp32", given)


@pytest.mark.parametrize("model, shape, expected, got, note", [
    ("fixed_fp32", (1, 5), "[-1,4]", "[1,5]", BATCHING_NOTE),
    ("fixed_fp32", (4,), "[-1,4]", "[4]", BATCHING_NOTE),
    ("fixed_fp32", (1, 1, 4), "[-1,4]", "[1,1,4]", BATCHING_NOTE),
    ("nobatch_fp32", (3, 4), "[2,-1]", "[3,4]", ""),
    ("nobatch_fp32", (2,), "[2,-1]", "[2]", ""),
    ("nobatch_fp32", (1, 2, 4), "[2,-1]", "[1,2,4]", ""),
])
def test_a_shape_that_does_not_fit(client, model, shape, expected, got, note):
    with refused("INVALID_ARGUMENT", UNKNOWN_ID + f"unexpected shape for input 'INPUT0' for model '{model}'. "
                                                  f"Expected {expected}, got {got}. {note}"):
        infer(client, model, tensor("INPUT0", np.zeros(shape, np.float32)))


def raw_input(datatype, shape, data):
    """An input whose shape and data need not go together."""
    given = triton.InferInput("INPUT0", shape, datatype)
    given._raw_content = data
    return given


@pytest.mark.parametrize("datatype, shape, data, text", [
    ("FP32", [1, 2], b"1234567", UNKNOWN_ID + "input byte size mismatch for input 'INPUT0' for model 'identity_fp32'. Expected 8, got 7"),
    ("FP32", [1, 2], b"", UNKNOWN_ID + "input byte size mismatch for input 'INPUT0' for model 'identity_fp32'. Expected 8, got 0"),
    ("FP32", [1, -1], b"1234", UNKNOWN_ID + "All input dimensions should be specified for input 'INPUT0' for model 'identity_fp32', got [1,-1]"),
    ("FP32", [1, -2], b"1234", None),
    ("BYTES", [1, 2], b"\0\0\0\0", UNKNOWN_ID + "expected 2 string elements for inference input 'INPUT0' for model 'identity_bytes', got 1"),
    ("BYTES", [1, 1], b"\0\0\0\0" * 3, UNKNOWN_ID + "unexpected number of string elements 2 for inference input 'INPUT0' for model 'identity_bytes', expecting 1"),
    ("BYTES", [1, 2], b"\0\0\0\0\0\0", UNKNOWN_ID + "incomplete string length indicator for inference input 'INPUT0' for model "
                                      "'identity_bytes', expecting 4 bytes but only 2 bytes available. Please make sure the string "
                                      "length indicator is in one buffer."),
    # Triton leaves this one to its backends; changed content is the alternative.
    ("BYTES", [1, 1], b"\5\0\0\0abc", None),
])
def test_data_that_does_not_go_with_its_shape(client, datatype, shape, data, text):
    with refused("INVALID_ARGUMENT", text):
        infer(client, f"identity_{datatype.lower()}", raw_input(datatype, shape, data))


def test_a_shape_beyond_all_counting(client):
    with refused("INVALID_ARGUMENT", "byte size for tensor 'INPUT0' exceeds maximum size of 9223372036854775807"):
        infer(client, "nobatch_fp32", raw_input("FP32", [2, 2**62], b"1234"))


def test_a_model_that_fails_while_it_runs(client):
    def look_up(index):
        return infer(client, "fails_at_run", tensor("INDEX", np.array([index], np.int64))).as_numpy("VALUE").tolist()
    with refused("INTERNAL") as caught:
        look_up(99)
    text = caught.value.message()
    assert re.match(r"onnx runtime error \d+: ", text) and "Gather" in text
    assert look_up(3) == [40]


@pytest.mark.parametrize("given, text", [
    ({"shared_memory_region": parameter(int64_param=1)},
     "invalid value type for 'shared_memory_region' parameter for tensor '{}', expected string_param."),
    ({"shared_memory_offset": parameter(int64_param=0)},
     "'shared_memory_offset' can not be specified without 'shared_memory_region' parameter for tensor '{}'"),
    ({"shared_memory_byte_size": parameter(int64_param=4)},
     "'shared_memory_byte_size' can not be specified without 'shared_memory_region' parameter for tensor '{}'"),
    ({"shared_memory_region": parameter(string_param="r")},
     "'shared_memory_byte_size' must be specified along with 'shared_memory_region' parameter for tensor '{}'"),
    ({"shared_memory_region": parameter(string_param="r"), "shared_memory_byte_size": parameter(string_param="4")},
     "invalid value type for 'shared_memory_byte_size' parameter for tensor '{}', expected int64_param."),
    ({"shared_memory_region": parameter(string_param="r"), "shared_memory_byte_size": parameter(int64_param=4),
      "shared_memory_offset": parameter(bool_param=True)},
     "invalid value type for 'shared_memory_offset' parameter for tensor '{}', expected int64_param."),
])
def test_parameters_of_shared_memory_that_are_wrong(stub, given, text):
    with refused("INVALID_ARGUMENT", text.format("INPUT0")):
        stub.ModelInfer(message("identity_fp32", declared("INPUT0", "FP32", [1, 1], **given)))
    with refused("INVALID_ARGUMENT", text.format("OUTPUT0")):
        stub.ModelInfer(identity_message(wanted=[wanted_output("OUTPUT0", **given)]))


def test_a_region_of_shared_memory_that_nobody_registered(client):
    given = triton.InferInput("INPUT0", [1, 1], "FP32")
    given.set_shared_memory("region", 4)
    with refused("NOT_FOUND", "Unable to find shared memory region: 'region'"):
        infer(client, "identity_fp32", given)
    asked = triton.InferRequestedOutput("OUTPUT0")
    asked.set_shared_memory("region", 4)
    with refused("NOT_FOUND", "Unable to find shared memory region: 'region'"):
        infer(client, "identity_fp32", tensor("INPUT0", floats(1)), outputs=[asked])


def test_shared_memory_and_classes_exclude_each_other(stub):
    both = wanted_output("OUTPUT0", classification=parameter(int64_param=1),
                         shared_memory_region=parameter(string_param="r"),
                         shared_memory_byte_size=parameter(int64_param=4))
    with refused("INVALID_ARGUMENT", "output can't set both 'shared_memory_region' and 'classification'"):
        stub.ModelInfer(identity_message(wanted=[both]))


def test_methods_and_services_that_do_not_exist(channel):
    for path in ["/inference.GRPCInferenceService/NoSuch", "/no.such.Service/ModelInfer"]:
        call = channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
        with refused("UNIMPLEMENTED"):
            call(b"", timeout=10)


def test_bytes_that_are_no_message(channel, client):
    for name in ["ModelInfer", "ModelReady"]:
        call = channel.unary_unary(f"/inference.GRPCInferenceService/{name}", request_serializer=bytes,
                                   response_deserializer=bytes)
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\xff\xff\xff\xff", timeout=10)
        assert caught.value.code() == grpc.StatusCode.INTERNAL
    assert client.is_server_live()


def test_an_error_leaves_the_connection_usable(client):
    for _ in range(50):
        with refused("NOT_FOUND"):
            client.infer("nothing", [])
        client.infer("add_sub", add_sub_inputs())
    assert isinstance(client.get_server_metadata(), service_pb2.ServerMetadataResponse)
