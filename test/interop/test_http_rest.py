"""Everything of HTTP but inference, as tritonclient.http and curl ask for it."""

import asyncio
import base64
import json
import shutil
import subprocess
import time

import numpy as np
import pytest
import tritonclient.grpc as grpc_triton
import tritonclient.http as triton
import tritonclient.http.aio as aio_triton
from nereid import TEST_MODELS, Nereid
from tritonclient.utils import InferenceServerException

ADDER = TEST_MODELS / "versions_all"
PATIENCE_S = 30

TENSORS = {
    "backend": "onnxruntime",
    "max_batch_size": 4,
    "input": [{"name": "INPUT0", "data_type": "TYPE_FP32", "dims": [1]}],
    "output": [{"name": "OUTPUT0", "data_type": "TYPE_FP32", "dims": [1]}],
    "instance_group": [{"kind": "KIND_CPU", "count": 1}],
}


def http_of(running):
    return running.wait_for(r"Started HTTPService at (127\.0\.0\.1:\d+)").group(1)


@pytest.fixture
def http(server):
    with triton.InferenceServerClient(http_of(server)) as client:
        yield client


def test_health(http):
    assert http.is_server_live()
    assert http.is_server_ready()
    assert http.is_model_ready("add_sub")
    assert http.is_model_ready("add_sub", "1")
    assert not http.is_model_ready("add_sub", "9")
    assert not http.is_model_ready("nobody")


def test_metadata_and_config_are_those_of_grpc(http, client):
    assert http.get_server_metadata() == client.get_server_metadata(as_json=True)
    told = http.get_model_metadata("add_sub")
    assert told["inputs"][0] == {"name": "INPUT0", "datatype": "FP32", "shape": [-1, 4]}
    assert http.get_model_config("add_sub")["max_batch_size"] == 8
    with pytest.raises(InferenceServerException, match="Request for unknown model: 'nobody' is not found"):
        http.get_model_metadata("nobody")


def test_statistics_are_those_of_grpc(http, client):
    told = http.get_inference_statistics("identity_bytes")["model_stats"]
    assert [(one["name"], one["version"]) for one in told] == [("identity_bytes", "1")]
    assert set(told[0]["inference_stats"]) == {
        "success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss",
    }
    by_grpc = client.get_inference_statistics("identity_bytes", as_json=True)["model_stats"][0]
    success = by_grpc["inference_stats"].get("success", {})
    assert told[0]["inference_stats"]["success"]["count"] == int(success.get("count", 0))
    every = http.get_inference_statistics()["model_stats"]
    assert {one["name"] for one in every} >= {"add_sub", "identity_bytes"}
    with pytest.raises(InferenceServerException, match="requested model 'nobody' is not available") as failure:
        http.get_inference_statistics("nobody")
    assert failure.value.status() == "400"


def test_the_async_client(server):
    async def ask():
        async with aio_triton.InferenceServerClient(http_of(server)) as client:
            assert await client.is_server_ready()
            assert await client.is_model_ready("add_sub")
            assert (await client.get_model_metadata("add_sub"))["name"] == "add_sub"
            assert (await client.get_inference_statistics("add_sub"))["model_stats"][0]["version"] == "1"
            assert (await client.get_log_settings())["log_format"] == "default"
            with pytest.raises(InferenceServerException, match="explicit model load / unload is not allowed"):
                await client.load_model("add_sub")

    asyncio.run(ask())


@pytest.fixture
def controlled(tmp_path):
    for version in ("1", "2"):
        shutil.copytree(ADDER / version, tmp_path / "adder" / version)
    text = (TEST_MODELS / "versions_latest/config.pbtxt").read_text()
    (tmp_path / "adder/config.pbtxt").write_text(text.replace('name: "versions_latest"', ""))
    with Nereid(tmp_path, "--model-control-mode=explicit") as running:
        with triton.InferenceServerClient(http_of(running)) as client:
            yield client


def test_models_come_and_go(controlled):
    assert controlled.get_model_repository_index() == [{"name": "adder"}]
    controlled.load_model("adder")
    assert controlled.get_model_repository_index() == [{"name": "adder", "version": "2", "state": "READY"}]
    both = {**TENSORS, "version_policy": {"all": {}}}
    controlled.load_model("adder", config=json.dumps(both))
    assert controlled.get_model_metadata("adder")["versions"] == ["1", "2"]
    controlled.unload_model("adder", unload_dependents=True)
    end = time.monotonic() + PATIENCE_S
    while {one.get("reason") for one in controlled.get_model_repository_index()} != {"unloaded"}:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert not controlled.is_model_ready("adder")


def test_a_model_is_pushed_with_its_files(controlled):
    graph = (ADDER / "3/model.onnx").read_bytes()
    controlled.load_model("pushed", config=json.dumps(TENSORS), files={"file:5/model.onnx": graph})
    assert controlled.get_model_metadata("pushed")["versions"] == ["5"]
    with pytest.raises(InferenceServerException, match="failed to load 'pushed', failed to poll") as failure:
        controlled.load_model("pushed", files={"file:5/model.onnx": graph})
    assert failure.value.status() == "500"


def test_a_large_file_that_is_no_model_comes_whole(controlled):
    large = b"no model" * (10 * 1024 * 1024)
    with pytest.raises(InferenceServerException, match="load failed for model 'large': version 1 is at UNAVAILABLE"):
        controlled.load_model("large", config=json.dumps(TENSORS), files={"file:1/model.onnx": large})
    assert controlled.is_server_live()


def test_log_settings_are_changed_by_one_protocol_and_read_by_the_other():
    with Nereid(TEST_MODELS / "..", "--model-control-mode=explicit") as running:
        with triton.InferenceServerClient(http_of(running)) as http, \
                grpc_triton.InferenceServerClient(running.address) as grpc:
            assert http.get_log_settings() == {
                "log_file": "", "log_info": True, "log_warning": True, "log_error": True, "log_verbose_level": 0,
                "log_format": "default",
            }
            told = http.update_log_settings({"log_verbose_level": 1, "log_format": "ISO8601"})
            assert (told["log_verbose_level"], told["log_format"]) == (1, "ISO8601")
            settings = grpc.get_log_settings(as_json=True)["settings"]
            assert settings["log_format"] == {"string_param": "ISO8601"}
            assert settings["log_verbose_level"] == {"uint32_param": 1}
            grpc.update_log_settings({"log_info": False, "log_verbose_level": 0, "log_format": "default"})
            assert http.get_log_settings()["log_info"] is False
            with pytest.raises(InferenceServerException, match="log file location can not be updated") as failure:
                http.update_log_settings({"log_file": "a.log"})
            assert failure.value.status() == "501"
            with pytest.raises(InferenceServerException, match="log file location can not be updated"):
                grpc.update_log_settings({"log_file": "a.log"})
            with pytest.raises(InferenceServerException, match="invalid argument for --log_format, got: xml"):
                http.update_log_settings({"log_format": "xml"})
            with pytest.raises(InferenceServerException, match="invalid argument for log_format, got: xml"):
                grpc.update_log_settings({"log_format": "xml"})


def test_restricted_protocols_and_apis_want_their_key():
    flags = [
        "--grpc-restricted-protocol=model-repository,logging:admin=secret",
        "--http-restricted-api=model-repository,logging:admin=secret",
        "--http-restricted-api=health:probe=p",
    ]
    with Nereid(TEST_MODELS, "--exit-on-error=false", *flags) as running:
        with triton.InferenceServerClient(http_of(running)) as http, \
                grpc_triton.InferenceServerClient(running.address) as grpc:
            for ask in (http.get_log_settings, http.get_model_repository_index):
                with pytest.raises(InferenceServerException, match="This API is restricted, expecting header 'admin'"):
                    ask()
                with pytest.raises(InferenceServerException, match="restricted"):
                    ask(headers={"admin": "wrong"})
                assert ask(headers={"admin": "secret"})
            assert not http.is_server_live()
            assert http.is_server_live(headers={"probe": "p"})
            key = "triton-grpc-protocol-admin"
            for ask in (grpc.get_log_settings, grpc.get_model_repository_index):
                expected = f"This protocol is restricted, expecting header '{key}'"
                with pytest.raises(InferenceServerException, match=expected):
                    ask()
                assert ask(headers={key: "secret"}) is not None
            assert grpc.is_server_live()


def test_a_header_that_is_reserved_cannot_be_forwarded():
    with Nereid(TEST_MODELS, "--exit-on-error=false", "--grpc-header-forward-pattern=.*") as running:
        with grpc_triton.InferenceServerClient(running.address) as client:
            text = grpc_triton.InferInput("INPUT0", [1, 1], "BYTES")
            text.set_data_from_numpy(np.array([["a"]], np.object_))
            client.infer("identity_bytes", [text], headers={"x-user": "u"})
            with pytest.raises(InferenceServerException, match="Header 'timeout' is reserved for Triton usage"):
                client.infer("identity_bytes", [text], headers={"timeout": "1"})


def curl(server, path, body):
    answer = subprocess.run(
        ["curl", "-sN", "-D", "-", "--data-binary", "@-", f"http://{http_of(server)}{path}"],
        input=body, capture_output=True, text=True, timeout=PATIENCE_S, check=True,
    )
    head, _, rest = answer.stdout.partition("\n\n")
    return head.lower(), rest


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_generate_by_curl(server):
    head, body = curl(server, "/v2/models/identity_bytes/generate", '{"INPUT0": "hello", "id": "1"}')
    assert "200 ok" in head and "content-type: application/json" in head
    assert json.loads(body) == {"OUTPUT0": "hello", "id": "1", "model_name": "identity_bytes", "model_version": "1"}
    head, body = curl(server, "/v2/models/identity_bytes/generate_stream", '{"INPUT0": ["a", "b"]}')
    assert "content-type: text/event-stream; charset=utf-8" in head
    assert body.startswith("data: {") and body.endswith("}\n\n")
    assert json.loads(body.removeprefix("data: "))["OUTPUT0"] == ["a", "b"]
    _, body = curl(server, "/v2/models/identity_bytes/generate_stream", '{"INPUT0": 1}')
    assert json.loads(body)["error"].endswith("attempt to access JSON non-string as string")


def test_base64_of_curl_is_base64(controlled):
    graph = base64.encodebytes((ADDER / "3/model.onnx").read_bytes()).decode()
    body = json.dumps({"parameters": {"config": json.dumps(TENSORS), "file:1/model.onnx": graph}})
    answer = controlled._post("v2/repository/models/wrapped/load", body, headers=None, query_params=None)
    assert answer.status_code == 200
    assert controlled.is_model_ready("wrapped")
