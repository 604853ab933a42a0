"""Inference over HTTP by tritonclient.http, its asyncio and gevent forms, and curl."""

import asyncio
import json
import subprocess

import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

NUMBERS = {
    "bool": np.bool_, "uint8": np.uint8, "uint16": np.uint16, "uint32": np.uint32, "uint64": np.uint64,
    "int8": np.int8, "int16": np.int16, "int32": np.int32, "int64": np.int64,
    "fp16": np.float16, "fp32": np.float32, "fp64": np.float64,
}
COMPRESSIONS = [None, "gzip", "deflate"]
TEXTS = ["", "a", "äöü ß", "日本語", "🐍 and \u200d joiners", "line\nbreak\t\"quoted\" \\ /", "x" * 20_000]


@pytest.fixture(scope="module")
def http(server):
    with triton.InferenceServerClient(server.http_address, concurrency=4) as client:
        yield client


def tensor(name, array, binary=True, of=triton):
    array = np.asarray(array)
    filled = of.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    filled.set_data_from_numpy(array, binary_data=binary)
    return filled


def values(name, count=12):
    if name == "bool":
        return (np.arange(count) % 3 == 0).reshape(1, count)
    if name.startswith("fp"):
        info = np.finfo(NUMBERS[name])
        special = [0, -0.0, 1, info.max, info.min, info.tiny, info.eps, np.inf, -np.inf, np.nan, 1 / 3, -2.5]
        return np.array([special], dtype=NUMBERS[name])
    info = np.iinfo(NUMBERS[name])
    return np.array([[info.min, info.max, 0, 1, info.max // 3, info.min // 3 + 1]], dtype=NUMBERS[name])


def expect_same(got, sent):
    assert (got.dtype, got.shape) == (sent.dtype, sent.shape)
    assert np.array_equal(got, sent, equal_nan=sent.dtype.kind == "f")


@pytest.mark.parametrize("answer_binary", [True, False, None])
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_type_goes_through_unchanged(http, name, binary, answer_binary):
    if name == "fp16" and not (binary and answer_binary is not False):
        pytest.skip("FP16 has no JSON form")
    sent = values(name)
    outputs = None if answer_binary is None else [triton.InferRequestedOutput("OUTPUT0", binary_data=answer_binary)]
    result = http.infer(f"identity_{name}", [tensor("INPUT0", sent, binary)], outputs=outputs)
    expect_same(result.as_numpy("OUTPUT0"), sent)


@pytest.mark.parametrize("answer_binary", [True, False])
@pytest.mark.parametrize("binary", [True, False])
def test_strings_go_through_unchanged(http, binary, answer_binary):
    sent = np.array([TEXTS], dtype=np.object_)
    outputs = [triton.InferRequestedOutput("OUTPUT0", binary_data=answer_binary)]
    got = http.infer("identity_bytes", [tensor("INPUT0", sent, binary)], outputs=outputs).as_numpy("OUTPUT0")
    assert [text.decode() if isinstance(text, bytes) else text for text in got[0]] == TEXTS


@pytest.mark.parametrize("request_compression", COMPRESSIONS)
@pytest.mark.parametrize("response_compression", COMPRESSIONS)
@pytest.mark.parametrize("binary", [True, False])
def test_compression_both_ways(http, request_compression, response_compression, binary):
    sent = np.arange(5000, dtype=np.float32).reshape(1, 5000)
    outputs = [triton.InferRequestedOutput("OUTPUT0", binary_data=binary)]
    result = http.infer(
        "identity_fp32", [tensor("INPUT0", sent, binary)], outputs=outputs,
        request_compression_algorithm=request_compression, response_compression_algorithm=response_compression)
    expect_same(result.as_numpy("OUTPUT0"), sent)


def test_a_large_tensor_in_both_forms(http):
    sent = np.random.default_rng(1).standard_normal((1, 150_528)).astype(np.float32)
    for binary in [True, False]:
        outputs = [triton.InferRequestedOutput("OUTPUT0", binary_data=binary)]
        result = http.infer("identity_fp32", [tensor("INPUT0", sent, binary)], outputs=outputs)
        expect_same(result.as_numpy("OUTPUT0"), sent)


def test_binary_and_json_in_one_request(http):
    first, second = (np.array([row], dtype=np.float32) for row in [(1, 2, 3, 4), (10, 20, 30, 40)])
    outputs = [triton.InferRequestedOutput("OUTPUT0", binary_data=False), triton.InferRequestedOutput("OUTPUT1")]
    result = http.infer(
        "add_sub", [tensor("INPUT0", first, False), tensor("INPUT1", second)], outputs=outputs, request_id="mixed")
    expect_same(result.as_numpy("OUTPUT0"), first + second)
    expect_same(result.as_numpy("OUTPUT1"), first - second)
    response = result.get_response()
    assert list(response) == ["id", "model_name", "model_version", "outputs"]
    assert (response["id"], response["model_version"]) == ("mixed", "1")


@pytest.mark.parametrize("binary", [True, False])
def test_classes(http, binary):
    sent = np.array([[[0.1, 0.2], [0.9, 0.4]]], dtype=np.float32)
    outputs = [triton.InferRequestedOutput("OUTPUT0", binary_data=binary, class_count=3)]
    got = http.infer("classes", [tensor("INPUT0", sent)], outputs=outputs).as_numpy("OUTPUT0")
    got = [text.decode() if isinstance(text, bytes) else text for text in got.ravel()]
    assert got == ["0.900000:2", "0.400000:3", "0.200000:1:dog"]


def test_parameters_of_sequences_priorities_and_the_model(http):
    sent = values("fp32")
    for parameters in [
        {"sequence_id": 2**63, "sequence_start": True, "sequence_end": True},
        {"sequence_id": "text", "sequence_start": True},
        {"priority": 1, "timeout": 10_000_000},
        {"parameters": {"mine": "text", "count": 3, "yes": True, "half": 0.5}},
    ]:
        expect_same(http.infer("identity_fp32", [tensor("INPUT0", sent)], **parameters).as_numpy("OUTPUT0"), sent)


@pytest.mark.parametrize("model, array, message, status", [
    ("nobody", values("fp32"), "Request for unknown model: 'nobody' is not found", "404"),
    ("identity_fp32", values("int32"), "data-type is 'INT32', but model 'identity_fp32' expects 'FP32'", "400"),
    ("fixed_fp32", values("fp32"), "unexpected shape for input 'INPUT0'", "400"),
])
def test_errors_have_their_status_and_text(http, model, array, message, status):
    with pytest.raises(InferenceServerException) as caught:
        http.infer(model, [tensor("INPUT0", array)])
    assert message in caught.value.message()
    assert caught.value.status() == status


def test_many_at_once_by_gevent(http):
    rows = [np.full((1, 1000), number, dtype=np.float32) for number in range(32)]
    asked = [http.async_infer("identity_fp32", [tensor("INPUT0", row, number % 2 == 0)])
             for number, row in enumerate(rows)]
    for one, row in zip(asked, rows, strict=True):
        expect_same(one.get_result().as_numpy("OUTPUT0"), row)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_many_at_once_by_asyncio(server, compression):
    async def ask_all():
        async with triton_aio.InferenceServerClient(server.http_address) as client:
            rows = [np.full((1, 1000), number, dtype=np.float32) for number in range(16)]
            results = await asyncio.gather(*(
                client.infer(
                    "identity_fp32", [tensor("INPUT0", row, number % 2 == 0, triton_aio)],
                    outputs=[triton_aio.InferRequestedOutput("OUTPUT0", binary_data=number % 3 == 0)],
                    request_compression_algorithm=compression, response_compression_algorithm=compression)
                for number, row in enumerate(rows)))
            for result, row in zip(results, rows, strict=True):
                expect_same(result.as_numpy("OUTPUT0"), row)
            with pytest.raises(InferenceServerException, match="is not found"):
                await client.infer("nobody", [tensor("INPUT0", rows[0], True, triton_aio)])
    asyncio.run(ask_all())


def curl(server, path, *flags, body):
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code} %{content_type}",
         *flags, "--data-binary", "@-", f"http://{server.http_address}{path}"],
        input=body, capture_output=True, check=True)
    answer, _, tail = done.stdout.rpartition(b"\n")
    return answer, *tail.decode().split(" ", 1)


def test_curl_with_json(server):
    inputs = [{"name": "INPUT0", "datatype": "INT64", "shape": [1, 3], "data": [[2**63 - 1, -(2**63)], 2**53 + 1]}]
    answer, status, content_type = curl(
        server, "/v2/models/identity_int64/infer", body=json.dumps({"inputs": inputs}).encode())
    assert (status, content_type) == ("200", "application/json")
    assert json.loads(answer)["outputs"][0]["data"] == [2**63 - 1, -(2**63), 2**53 + 1]


@pytest.mark.parametrize("flags", [[], ["--header", "Transfer-Encoding: chunked"], ["--compressed"]])
def test_curl_with_a_raw_body(server, flags):
    sent = np.arange(400_000, dtype=np.float32)
    answer, status, content_type = curl(
        server, "/v2/models/identity_fp32/versions/1/infer", "--header", "Inference-Header-Content-Length: 0", *flags,
        body=sent.tobytes())
    assert (status, content_type) == ("200", "application/octet-stream")
    assert answer.endswith(sent.tobytes())


def test_curl_with_what_is_no_json(server):
    answer, status, _ = curl(server, "/v2/models/identity_fp32/infer", body=b"{\"inputs\":")
    assert status == "500"
    assert json.loads(answer)["error"].startswith("failed to parse the request JSON buffer: ")
