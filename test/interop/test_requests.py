"""What belongs to a request beside its tensors: outputs asked for, ids, parameters, versions."""

import numpy as np
import pytest
from messages import (add_sub_inputs, declared, floats, identity_message, message, outputs, parameter, refused, tensor,
                      wanted_output)

WHOLE = {"OUTPUT0": [[11, 22, 33, 44]], "OUTPUT1": [[-9, -18, -27, -36]]}


@pytest.mark.parametrize("asked, expected", [
    (None, ["OUTPUT0", "OUTPUT1"]),
    ([], ["OUTPUT0", "OUTPUT1"]),
    (["OUTPUT0"], ["OUTPUT0"]),
    (["OUTPUT1"], ["OUTPUT1"]),
    (["OUTPUT0", "OUTPUT1"], ["OUTPUT0", "OUTPUT1"]),
    # The order of the answer is the backend's, not the request's.
    (["OUTPUT1", "OUTPUT0"], ["OUTPUT0", "OUTPUT1"]),
])
def test_only_the_outputs_asked_for_are_answered(client, asked, expected):
    result = client.infer("add_sub", add_sub_inputs(), outputs=None if asked is None else outputs(*asked))
    response = result.get_response()
    assert [output.name for output in response.outputs] == expected
    assert len(response.raw_output_contents) == len(expected)
    for name in expected:
        assert result.as_numpy(name).tolist() == WHOLE[name]
    for name in WHOLE.keys() - set(expected):
        assert result.as_numpy(name) is None


def test_inputs_come_in_any_order(client):
    result = client.infer("add_sub", add_sub_inputs()[::-1])
    assert result.as_numpy("OUTPUT1").tolist() == WHOLE["OUTPUT1"]


@pytest.mark.parametrize("request_id", ["", "1", "an id with blanks", "ü 日本 🐍", "x" * 10_000])
def test_the_id_comes_back(client, request_id):
    response = client.infer("add_sub", add_sub_inputs(), request_id=request_id).get_response()
    assert response.id == request_id
    assert (response.model_name, response.model_version) == ("add_sub", "1")


def test_errors_name_the_id(client):
    with refused("INVALID_ARGUMENT",
                 "[request id: my id] inference request batch-size must be <= 8 for 'identity_fp32'"):
        client.infer("identity_fp32", [tensor("INPUT0", np.zeros((9, 1), dtype=np.float32))], request_id="my id")


@pytest.mark.parametrize("settings", [
    {"priority": 1},
    {"priority": 2**64 - 1},
    {"timeout": 1_000_000},
    {"timeout": 0},
    {"sequence_id": 42, "sequence_start": True},
    {"sequence_id": "text", "sequence_end": True},
    {"sequence_id": 2**63 - 1, "sequence_start": True, "sequence_end": True},
    {"parameters": {"text": "ä", "flag": True, "whole": -5, "real": 0.5}},
    {"parameters": {"largest": 2**63 - 1, "empty": ""}},
])
def test_parameters_that_tritonclient_sends(client, settings):
    response = client.infer("add_sub", add_sub_inputs(), **settings).get_response()
    assert not response.parameters


@pytest.mark.parametrize("name, kind, text", [
    ("sequence_id", {"bool_param": True}, "invalid value type for 'sequence_id' parameter, expected int64_param or string_param."),
    ("sequence_id", {"uint64_param": 1}, "invalid value type for 'sequence_id' parameter, expected int64_param or string_param."),
    ("sequence_start", {"int64_param": 1}, "invalid value type for 'sequence_start' parameter, expected bool_param."),
    ("sequence_end", {"string_param": "true"}, "invalid value type for 'sequence_end' parameter, expected bool_param."),
    ("priority", {"string_param": "1"}, "invalid value type for 'priority' parameter, expected int64_param or uint64_param."),
    ("priority", {"int64_param": -1}, "invalid value for 'priority', expected value >= 0."),
    ("timeout", {"uint64_param": 1}, "invalid value type for 'timeout' parameter, expected int64_param."),
    ("timeout", {"string_param": "1"}, "invalid value type for 'timeout' parameter, expected int64_param."),
    ("triton_enable_empty_final_response", {"int64_param": 1},
     "invalid value type for 'triton_enable_empty_final_response' parameter, expected bool_param."),
    ("triton_other", {"bool_param": True},
     "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with "
     "'triton_' are allowed: triton_enable_empty_final_response"),
    ("custom", {"uint64_param": 1}, "invalid value type for 'custom' parameter, expected int64_param, bool_param, or string_param."),
    ("custom", {}, "invalid value type for 'custom' parameter, expected int64_param, bool_param, or string_param."),
])
def test_parameters_that_are_refused(stub, name, kind, text):
    with refused("INVALID_ARGUMENT", text):
        stub.ModelInfer(identity_message(**{name: parameter(**kind)}))


@pytest.mark.parametrize("name, kind", [
    ("sequence_id", {"int64_param": -1}),
    ("priority", {"int64_param": 3}),
    ("timeout", {"int64_param": -1}),
    ("triton_enable_empty_final_response", {"bool_param": True}),
    ("binary_data_output", {"bool_param": True}),
    ("headers", {"string_param": "any"}),
    ("custom", {"double_param": 0.5}),
])
def test_parameters_that_are_accepted(stub, name, kind):
    response = stub.ModelInfer(identity_message(**{name: parameter(**kind)}))
    assert not response.parameters


def test_a_correlation_id_has_128_characters_at_most(client):
    client.infer("add_sub", add_sub_inputs(), sequence_id="x" * 128)
    with refused("UNIMPLEMENTED", "string correlation ID cannot be longer than 128 characters"):
        client.infer("add_sub", add_sub_inputs(), sequence_id="x" * 129)


def test_parameters_of_tensors_that_mean_nothing_are_ignored(stub):
    odd = {"anything": parameter(string_param="x"), "classification": parameter(string_param="not for inputs")}
    stub.ModelInfer(message("identity_fp32", declared("INPUT0", "FP32", [1, 1], **odd), raw=[b"\0\0\0\0"],
                            wanted=[wanted_output("OUTPUT0", anything=parameter(bool_param=True))]))


def answering_version(client, model, version=""):
    result = client.infer(model, [tensor("INPUT0", floats(0))], model_version=version)
    response = result.get_response()
    assert result.as_numpy("OUTPUT0").tolist() == [[float(response.model_version)]]
    return response.model_version


@pytest.mark.parametrize("model, version, answering", [
    ("versions_all", "", "3"), ("versions_all", "1", "1"), ("versions_all", "2", "2"), ("versions_all", "3", "3"),
    ("versions_latest", "", "3"), ("versions_latest", "3", "3"),
    ("versions_specific", "", "3"), ("versions_specific", "1", "1"), ("versions_specific", "3", "3"),
    # Only the leading number of the text is read.
    ("versions_all", "2abc", "2"), ("versions_all", " +1", "1"), ("versions_all", "03", "3"),
])
def test_the_version_asked_for_answers(client, model, version, answering):
    assert answering_version(client, model, version) == answering


@pytest.mark.parametrize("model, version", [
    ("versions_latest", "1"), ("versions_specific", "2"), ("versions_all", "4"), ("versions_all", "0")])
def test_versions_that_are_not_served(client, model, version):
    with refused("NOT_FOUND", f"Request for unknown model: '{model}' version {version} is not found"):
        answering_version(client, model, version)


BAD_VERSIONS = {
    "-1": "invalid model version specified '-1' , version should be an integral value > 0",
    "x": "failed to get model version from specified version string 'x' (details: stol), version should be an integral value > 0",
    "9223372036854775808":
        "failed to get model version from specified version string '9223372036854775808' (details: stol), "
        "version should be an integral value > 0",
}


@pytest.mark.parametrize("version", BAD_VERSIONS)
@pytest.mark.parametrize("ask", [
    lambda client, version: answering_version(client, "versions_all", version),
    lambda client, version: client.get_model_metadata("versions_all", version),
    lambda client, version: client.get_model_config("versions_all", version),
    lambda client, version: client.is_model_ready("versions_all", version),
    lambda client, version: client.get_inference_statistics("versions_all", version),
], ids=["infer", "metadata", "config", "ready", "statistics"])
def test_texts_that_are_no_version(client, ask, version):
    with refused("INVALID_ARGUMENT", BAD_VERSIONS[version]):
        ask(client, version)


def test_a_result_as_json(client):
    result = client.infer("add_sub", add_sub_inputs(), request_id="7")
    as_json = result.get_response(as_json=True)
    assert as_json["id"] == "7"
    assert as_json["outputs"][0] == {"name": "OUTPUT0", "datatype": "FP32", "shape": ["1", "4"]}
