"""grpcurl and ghz, both grpc-go, with TLS, many connections and long streams."""

import base64
import json

import pytest
from tools import run_tool

INFER = "inference.GRPCInferenceService/ModelInfer"
STREAM = "inference.GRPCInferenceService/ModelStreamInfer"

ADD_SUB = json.dumps({
    "model_name": "add_sub", "id": "from a tool",
    "inputs": [
        {"name": "INPUT0", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [1, 2, 3, 4]}},
        {"name": "INPUT1", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [1, 1, 1, 1]}},
    ],
})

BIG_ANSWER = json.dumps({
    "model_name": "big_out",
    "inputs": [{"name": "N", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [2**18]}}],
})


FOUR_MEGABYTES = json.dumps({
    "model_name": "identity_uint8",
    "inputs": [{"name": "INPUT0", "datatype": "UINT8", "shape": [1, 4_000_000]}],
    "raw_input_contents": [base64.b64encode(bytes(4_000_000)).decode()],
})


def ghz(*args):
    """The report of a run in which every call was answered with OK."""
    ended = run_tool("ghz", "--format", "json", *args)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["statusCodeDistribution"] == {"OK": report["count"]}
    assert not report["errorDistribution"]
    return report


def grpcurl(*args):
    ended = run_tool("grpcurl", *args)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("connections, at_once", [(1, 1), (1, 100), (20, 100), (50, 50)])
def test_ghz(server, connections, at_once):
    report = ghz("--insecure", "--call", INFER, "-d", ADD_SUB, "-n", "3000", "-c", str(at_once),
                 "--connections", str(connections), server.address)
    assert report["count"] == 3000


def test_ghz_with_answers_of_a_mebibyte(server):
    report = ghz("--insecure", "--call", INFER, "-d", BIG_ANSWER, "-n", "200", "-c", "20", "--connections", "2",
                 server.address)
    assert report["count"] == 200


def test_ghz_with_messages_of_four_megabytes(server, tmp_path):
    """Both ways, 64 at once: the pings by which grpc-go measures the bandwidth are no fault."""
    request = tmp_path / "request.json"
    request.write_text(FOUR_MEGABYTES)
    report = ghz("--insecure", "--call", INFER, "-D", request, "-n", "400", "-c", "64", "--connections", "4",
                 server.address)
    assert report["count"] == 400


def test_ghz_with_streams(server):
    report = ghz("--insecure", "--call", STREAM, "-d", f"[{', '.join([ADD_SUB] * 50)}]", "-n", "100", "-c", "20",
                 "--connections", "2", server.address)
    assert report["count"] == 100


def test_ghz_with_compressed_requests(server):
    ghz("--insecure", "--enable-compression", "--call", INFER, "-d", ADD_SUB, "-n", "500", "-c", "10", server.address)


def test_ghz_with_keepalive(server):
    ghz("--insecure", "--keepalive", "10s", "--call", INFER, "-d", ADD_SUB, "-n", "500", "-c", "10", server.address)


def test_ghz_over_TLS(tls_server, authority):
    ghz("--cacert", authority.certificate, "--cname", "localhost", "--call", INFER, "-d", ADD_SUB, "-n", "1000", "-c", "20",
        "--connections", "4", tls_server.address)


def test_grpcurl_over_TLS(tls_server, authority):
    trusting = ["-cacert", authority.certificate]
    assert "inference.GRPCInferenceService" in grpcurl(*trusting, tls_server.address, "list").split()
    answer = json.loads(grpcurl(*trusting, "-d", ADD_SUB, tls_server.address, INFER))
    assert answer["id"] == "from a tool"


def test_grpcurl_streams(server):
    answers = grpcurl("-plaintext", "-d", ADD_SUB * 20, server.address, STREAM)
    assert answers.count('"from a tool"') == 20
