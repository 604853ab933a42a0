"""Every datatype goes through a model unchanged, bit for bit."""

import numpy as np
import pytest
from messages import floats, outputs, refused, tensor

INTEGERS = {
    "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64,
}

# Zeros of both signs, ones, the smallest and largest denormal and normal numbers, infinities, and NaNs:
# quiet, signalling, negative, each with a payload.
FLOAT_BITS = {
    "fp16": (np.uint16, np.float16, [
        0x0000, 0x8000, 0x3C00, 0xBC00, 0x0001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF,
        0x7C00, 0xFC00, 0x7E00, 0x7E55, 0x7C01, 0xFE2A, 0x3555]),
    "fp32": (np.uint32, np.float32, [
        0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x00000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF,
        0x7F800000, 0xFF800000, 0x7FC00000, 0x7FC12345, 0x7F800001, 0xFFEABCDE, 0x3EAAAAAB]),
    "fp64": (np.uint64, np.float64, [
        0x0000000000000000, 0x8000000000000000, 0x3FF0000000000000, 0x0000000000000001, 0x000FFFFFFFFFFFFF,
        0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x7FF8000000012345,
        0x7FF0000000000001, 0xFFFABCDEFABCDEFA]),
}


def round_trip(client, model, array):
    """Sends the array and expects the same datatype, shape and bytes back."""
    sent = tensor("INPUT0", array)
    result = client.infer(model, [sent])
    response = result.get_response()
    [output] = response.outputs
    assert (output.name, output.datatype, list(output.shape)) == ("OUTPUT0", sent.datatype(), list(array.shape))
    assert response.raw_output_contents == [sent._get_content()]
    got = result.as_numpy("OUTPUT0")
    assert got.shape == array.shape
    return got


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_keep_their_extremes(client, name):
    info = np.iinfo(INTEGERS[name])
    array = np.array([[info.min, info.max, 0, 1, info.max // 2, info.min + 1]], dtype=INTEGERS[name])
    assert np.array_equal(round_trip(client, f"identity_{name}", array), array)


def test_booleans(client):
    array = np.array([[True, False, True], [False, False, True]])
    assert np.array_equal(round_trip(client, "identity_bool", array), array)


@pytest.mark.parametrize("name", FLOAT_BITS)
def test_floats_keep_every_bit(client, name):
    bits_type, float_type, patterns = FLOAT_BITS[name]
    bits = np.array([patterns], dtype=bits_type)
    got = round_trip(client, f"identity_{name}", bits.view(float_type))
    assert np.array_equal(got.view(bits_type), bits)


@pytest.mark.parametrize("name", [*INTEGERS, *FLOAT_BITS, "bool"])
@pytest.mark.parametrize("batch", [1, 8])
def test_a_tensor_without_elements(client, name, batch):
    datatype = INTEGERS.get(name) or (FLOAT_BITS[name][1] if name in FLOAT_BITS else np.bool_)
    round_trip(client, f"identity_{name}", np.zeros((batch, 0), dtype=datatype))


def test_strings_without_elements(client):
    round_trip(client, "identity_bytes", np.zeros((2, 0), dtype=np.object_))


@pytest.mark.parametrize("batch", range(1, 9))
def test_every_batch_size_that_the_model_takes(client, batch):
    array = np.arange(batch * 5, dtype=np.float32).reshape(batch, 5)
    assert np.array_equal(round_trip(client, "identity_fp32", array), array)


def test_a_batch_of_none_is_refused_by_its_size(client):
    # As in Triton the size is then that of one row.
    with refused("INVALID_ARGUMENT",
                 "[request id: <id_unknown>] input byte size mismatch for input 'INPUT0' for model 'fixed_fp32'. "
                 "Expected 16, got 0"):
        client.infer("fixed_fp32", [tensor("INPUT0", np.zeros((0, 4), dtype=np.float32))])


def test_odd_lengths_leave_no_tensor_misaligned(client):
    for length in [1, 3, 7, 63, 64, 65, 1021]:
        round_trip(client, "identity_fp64", np.arange(length, dtype=np.float64).reshape(1, length))
        round_trip(client, "identity_int8", np.zeros((1, length), dtype=np.int8))


def test_a_model_without_batch_dimension(client):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(round_trip(client, "nobatch_fp32", array), array)


def test_a_scalar_of_the_model_has_the_shape_of_the_config(client):
    result = client.infer("scalar_fp32", [tensor("INPUT0", np.array([41], dtype=np.float32))])
    assert np.array_equal(result.as_numpy("OUTPUT0"), np.array([42], dtype=np.float32))


def test_a_reshape_is_invisible_to_the_client(client):
    array = np.array([[1], [2], [3]], dtype=np.float32)
    result = client.infer("reshape_scalar", [tensor("INPUT0", array)])
    assert np.array_equal(result.as_numpy("OUTPUT0"), array * 2)


@pytest.mark.parametrize("values, places", [([0, 5, 0, 7], [[1, 3]]), ([0, 0], [[]])])
def test_an_output_whose_size_depends_on_the_values(client, values, places):
    result = client.infer("nonzero", [tensor("INPUT0", np.array(values, dtype=np.float32))])
    assert result.as_numpy("OUTPUT0").tolist() == places


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_an_output_much_larger_than_its_input(client, count):
    result = client.infer("big_out", [tensor("N", np.array([count], dtype=np.int64))])
    assert np.array_equal(result.as_numpy("OUTPUT0"), np.zeros(count, dtype=np.float32))


TEXTS = ["", "a", "äöü ß", "日本語", "🐍 and \u200d joiners", "line\nbreak\ttab", "x" * 100_000, "é" * 50_000, ""]


def test_strings(client):
    array = np.array([TEXTS], dtype=np.object_)
    got = round_trip(client, "identity_bytes", array)
    assert [text.decode() for text in got[0]] == TEXTS


def test_strings_with_a_byte_order_mark_or_a_replacement_character(client):
    texts = ["\ufeffmarked", "\ufffd", "a\ufeffb"]
    got = round_trip(client, "identity_bytes", np.array([texts], dtype=np.object_))
    assert [text.decode() for text in got[0]] == texts


def test_strings_given_as_bytes(client):
    array = np.array([[b"bytes", b""], ["ä".encode(), b"last"]], dtype=np.object_)
    assert np.array_equal(round_trip(client, "identity_bytes", array), array)


def test_fixed_width_strings_of_numpy(client):
    array = np.array([[b"one", b"three"]])
    result = client.infer("identity_bytes", [tensor("INPUT0", array, "BYTES")])
    assert result.as_numpy("OUTPUT0").tolist() == [[b"one", b"three"]]


@pytest.mark.parametrize("odd, limit", [
    (b"a\0b", "contains a NUL byte"),
    (b"\0", "contains a NUL byte"),
    (b"\xff\xfe", "is not valid UTF-8"),
    (b"cut \xc3", "is not valid UTF-8"),
    (b"\xed\xa0\x80", "is not valid UTF-8"),
])
def test_strings_that_the_runtime_would_change_are_refused(client, odd, limit):
    array = np.array([[b"right", odd]], dtype=np.object_)
    with refused("INVALID_ARGUMENT") as caught:
        client.infer("identity_bytes", [tensor("INPUT0", array)])
    message = caught.value.message()
    assert limit in message
    assert "element 1 of BYTES input 'INPUT0'" in message
    assert "onnxruntime-node" in message


def test_strings_that_the_runtime_lost_are_withheld(client):
    asked = tensor("INPUT0", np.array(["text"], dtype=np.object_))
    with refused("INTERNAL") as caught:
        client.infer("strings_const", [asked])
    assert "OUTPUT0" in caught.value.message()
    with refused("INTERNAL"):
        client.infer("strings_const", [asked], outputs=outputs("OUTPUT0"))
    result = client.infer("strings_const", [asked], outputs=outputs("OUTPUT1"))
    assert result.as_numpy("OUTPUT1").tolist() == [b"text"]


def test_models_of_all_samples_compute(sample_client):
    ones = np.ones((2, 16), dtype=np.int32)
    result = sample_client.infer("simple", [tensor("INPUT0", ones * 7), tensor("INPUT1", ones * 5)])
    assert np.array_equal(result.as_numpy("OUTPUT0"), ones * 12)
    assert np.array_equal(result.as_numpy("OUTPUT1"), ones * 2)

    seven, five = (np.full((1, 16), text, dtype=np.object_) for text in ("7", "5"))
    result = sample_client.infer("simple_string", [tensor("INPUT0", seven), tensor("INPUT1", five)])
    assert result.as_numpy("OUTPUT0").tolist() == [[b"12"] * 16]
    assert result.as_numpy("OUTPUT1").tolist() == [[b"2"] * 16]

    result = sample_client.infer("mlp", [tensor("x", np.zeros((3, 128), dtype=np.float32))])
    assert result.as_numpy("y").shape == (3, 10)
    assert np.array_equal(result.as_numpy("y")[0], result.as_numpy("y")[2])

    result = sample_client.infer("identity_fp32", [tensor("INPUT0", floats(1, 2, 3))])
    assert np.array_equal(result.as_numpy("OUTPUT0"), floats(1, 2, 3))
