"""grpcurl and ghz, which know the services by reflection alone."""

import json

from tools import grpcurl, run_tool

ADD_SUB = json.dumps({
    "model_name": "add_sub", "id": "from a tool",
    "inputs": [
        {"name": "INPUT0", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [1, 2, 3, 4]}},
        {"name": "INPUT1", "datatype": "FP32", "shape": [1, 4], "contents": {"fp32_contents": [1, 1, 1, 1]}},
    ],
})


def test_grpcurl_lists_the_services(server):
    services = grpcurl(server.address, "list").split()
    assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= set(services)


def test_grpcurl_lists_the_methods(server):
    methods = grpcurl(server.address, "list", "inference.GRPCInferenceService").split()
    assert {f"inference.GRPCInferenceService.{name}" for name in ["ModelInfer", "ModelStreamInfer", "ServerReady"]} <= set(methods)


def test_grpcurl_describes_a_service_and_its_messages(server):
    service = grpcurl(server.address, "describe", "inference.GRPCInferenceService")
    assert "rpc ModelInfer ( .inference.ModelInferRequest ) returns ( .inference.ModelInferResponse );" in service
    assert "stream .inference.ModelStreamInferResponse" in service
    request = grpcurl(server.address, "describe", "inference.ModelInferRequest")
    assert "repeated bytes raw_input_contents = 7;" in request
    assert "map<string, .inference.InferParameter> parameters = 4;" in request
    assert "TYPE_BF16 = 14;" in grpcurl(server.address, "describe", "inference.DataType")


def test_grpcurl_calls(server, samples):
    assert json.loads(grpcurl(server.address, "inference.GRPCInferenceService/ServerLive")) == {"live": True}
    assert json.loads(grpcurl("-d", '{"name": "add_sub"}', server.address,
                              "inference.GRPCInferenceService/ModelReady")) == {"ready": True}
    config = json.loads(grpcurl("-d", '{"name": "add_sub"}', server.address, "inference.GRPCInferenceService/ModelConfig"))
    assert config["config"]["backend"] == "onnxruntime"
    health = json.loads(grpcurl("-d", '{"service": "any"}', samples.address, "grpc.health.v1.Health/Check"))
    assert health == {"status": "SERVING"}


def test_grpcurl_infers(server):
    response = json.loads(grpcurl("-d", ADD_SUB, server.address, "inference.GRPCInferenceService/ModelInfer"))
    assert response["id"] == "from a tool"
    assert [output["name"] for output in response["outputs"]] == ["OUTPUT0", "OUTPUT1"]
    # 2, 3, 4 and 5 as floats, in base64.
    assert response["rawOutputContents"][0] == "AAAAQAAAQEAAAIBAAACgQA=="


def test_grpcurl_streams(server):
    answers = grpcurl("-d", ADD_SUB * 3, server.address, "inference.GRPCInferenceService/ModelStreamInfer")
    assert answers.count('"from a tool"') == 3
    assert answers.count("triton_final_response") == 3


def test_grpcurl_shows_errors(server):
    ended = run_tool("grpcurl", "-plaintext", "-d", '{"model_name": "nothing"}', server.address,
                     "inference.GRPCInferenceService/ModelInfer")
    assert ended.returncode == 64 + 5
    assert "Code: NotFound" in ended.stderr
    assert "Request for unknown model: 'nothing' is not found" in ended.stderr


def test_ghz_runs_without_errors(server):
    ended = run_tool("ghz", "--insecure", "--call", "inference.GRPCInferenceService/ModelInfer", "-d", ADD_SUB,
                     "-n", "200", "-c", "10", "--format", "json", server.address)
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["count"] == 200
    assert report["statusCodeDistribution"] == {"OK": 200}
    assert not report["errorDistribution"]
