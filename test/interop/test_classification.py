"""Outputs asked for as their best classes."""

import numpy as np
import pytest
import tritonclient.grpc as triton
from messages import add_sub_inputs, declared, message, parameter, refused, tensor, wanted_output
from nereid import SAMPLE_MODELS


def classify(client, model, array, count):
    asked = [triton.InferRequestedOutput("OUTPUT0", class_count=count)]
    result = client.infer(model, [tensor("INPUT0", array)], outputs=asked)
    output = result.get_output("OUTPUT0")
    assert output.datatype == "BYTES"
    got = result.as_numpy("OUTPUT0")
    assert list(output.shape) == list(got.shape)
    return np.vectorize(bytes.decode, otypes=[object])(got).tolist() if got.size else got.tolist()


CLASSES = np.array([[[0.1, 0.2], [0.9, 0.4]]], dtype=np.float32)


@pytest.mark.parametrize("count, expected", [
    (1, [["0.900000:2"]]),
    (2, [["0.900000:2", "0.400000:3"]]),
    (3, [["0.900000:2", "0.400000:3", "0.200000:1:dog"]]),
    (4, [["0.900000:2", "0.400000:3", "0.200000:1:dog", "0.100000:0:cat"]]),
    (1000, [["0.900000:2", "0.400000:3", "0.200000:1:dog", "0.100000:0:cat"]]),
])
def test_labels_where_there_is_one(client, count, expected):
    # The third label is empty, the fourth class has none.
    assert classify(client, "classes", CLASSES, count) == expected


def test_each_row_of_a_batch_has_its_own_best(client):
    rows = np.array([[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 1]]], dtype=np.float32)
    assert classify(client, "classes", rows, 1) == [["1.000000:0:cat"], ["1.000000:1:dog"], ["1.000000:2"], ["1.000000:3"]]


def test_without_a_batch_dimension_the_result_has_one_dimension(client):
    assert classify(client, "classes_nobatch", np.array([5, -7, 2**62, 0], dtype=np.int64), 3) == [
        "4611686018427387904:2", "5:0", "0:3"]


@pytest.mark.parametrize("name, values, expected", [
    ("uint8", [0, 255, 7], ["255:1", "7:2", "0:0"]),
    ("uint16", [0, 65535, 7], ["65535:1", "7:2", "0:0"]),
    ("uint32", [0, 2**32 - 1, 7], ["4294967295:1", "7:2", "0:0"]),
    ("uint64", [2**64 - 2, 2**64 - 1, 7], ["18446744073709551615:1", "18446744073709551614:0", "7:2"]),
    ("int8", [-128, 127, 0], ["127:1", "0:2", "-128:0"]),
    ("int16", [-32768, 32767, 0], ["32767:1", "0:2", "-32768:0"]),
    ("int32", [-(2**31), 2**31 - 1, 0], ["2147483647:1", "0:2", "-2147483648:0"]),
    ("int64", [-(2**63), 2**63 - 1, 2**63 - 2],
     ["9223372036854775807:1", "9223372036854775806:2", "-9223372036854775808:0"]),
])
def test_scores_of_integers(client, name, values, expected):
    assert classify(client, f"identity_{name}", np.array([values], dtype=name), 3) == [expected]


SCORES = [0.0, 1.0, -1.5, 0.1, 1 / 3, 123456.789, 1e-7, 5e-7, -1e-9, 0.0000005, 0.5, 1e10, 1e21, 1e30, -1e22, np.inf,
          -np.inf, 0.0078125, 0.0234375, 2.5e-5]


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("score", SCORES)
def test_scores_of_floats_have_six_decimals_as_in_c(client, name, score):
    value = np.array([[score]], dtype=name)
    model = {"float32": "identity_fp32", "float64": "identity_fp64"}[name]
    assert classify(client, model, value, 1) == [["%f:0" % float(value[0, 0])]]


def test_a_score_that_is_no_number(client):
    [[text]] = classify(client, "identity_fp32", np.array([[np.nan]], dtype=np.float32), 1)
    assert text == "nan:0"


def test_many_classes(client):
    scores = np.random.RandomState(1).permutation(5000).astype(np.float32)
    got = classify(client, "identity_fp32", scores[np.newaxis], 300)
    assert got == [[f"{scores[i]:f}:{i}" for i in np.argsort(-scores)[:300]]]


def test_no_classes_to_choose_from(client):
    assert classify(client, "identity_fp32", np.zeros((2, 0), dtype=np.float32), 3) == [[], []]


def test_too_many_classes(client):
    with refused("INVALID_ARGUMENT", "classification output tensor too large"):
        classify(client, "identity_uint8", np.zeros((1, 1_000_001), dtype=np.uint8), 1)
    assert classify(client, "identity_uint8", np.zeros((1, 1_000_000), dtype=np.uint8), 1) == [["0:0"]]


@pytest.mark.parametrize("name, value", [
    ("FP16", np.float16(1)), ("BOOL", np.bool_(True)), ("BYTES", "text")])
def test_datatypes_that_have_no_classes(client, name, value):
    array = np.array([[value]], dtype=np.object_ if name == "BYTES" else None)
    with refused("INVALID_ARGUMENT", f"class result not available for output due to unsupported type '{name}'"):
        classify(client, f"identity_{name.lower()}", array, 1)


def test_one_output_as_classes_and_the_other_as_it_is(client):
    asked = [triton.InferRequestedOutput("OUTPUT1", class_count=1), triton.InferRequestedOutput("OUTPUT0")]
    result = client.infer("add_sub", add_sub_inputs(), outputs=asked)
    assert result.as_numpy("OUTPUT0").tolist() == [[11, 22, 33, 44]]
    assert result.as_numpy("OUTPUT1").tolist() == [[b"-9.000000:0"]]


def test_labels_of_a_sample(sample_client, samples):
    labels = (SAMPLE_MODELS / "colors_cnn/labels.txt").read_text().splitlines()
    image = np.zeros((1, 3, 32, 32), dtype=np.float32)
    image[:, 0] = 1
    asked = [triton.InferRequestedOutput("probabilities", class_count=8)]
    result = sample_client.infer("colors_cnn", [tensor("image", image)], outputs=asked)
    classes = [text.decode().split(":") for text in result.as_numpy("probabilities")[0]]
    scores = [float(score) for score, _, _ in classes]
    assert scores == sorted(scores, reverse=True)
    assert sorted(label for _, _, label in classes) == sorted(labels)
    assert all(labels[int(index)] == label for _, index, label in classes)
    assert classes[0][2] == "red"


@pytest.mark.parametrize("given, text", [
    (parameter(int64_param=0), "invalid value for 'classification' parameter, expected >= 0"),
    (parameter(int64_param=-1), "invalid value for 'classification' parameter, expected >= 0"),
    (parameter(uint64_param=1), "invalid value type for 'classification' parameter, expected int64_param"),
    (parameter(string_param="1"), "invalid value type for 'classification' parameter, expected int64_param"),
    (parameter(bool_param=True), "invalid value type for 'classification' parameter, expected int64_param"),
])
def test_counts_that_are_none(stub, given, text):
    with refused("INVALID_ARGUMENT", text):
        stub.ModelInfer(message("identity_fp32", declared("INPUT0", "FP32", [1, 1]), raw=[b"\0\0\0\0"],
                                wanted=[wanted_output("OUTPUT0", classification=given)]))
