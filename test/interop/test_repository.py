"""Models that come and go while the server runs, as tritonclient asks for it."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tritonclient.grpc as triton
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


def put(model, *versions):
    """A model that adds its version's number."""
    for version in versions:
        shutil.copytree(ADDER / str(version), model / str(version), dirs_exist_ok=True)
    (model / "config.pbtxt").write_text((TEST_MODELS / "versions_latest/config.pbtxt").read_text().replace(
        'name: "versions_latest"', ""))


def add(client, model, version=""):
    number = triton.InferInput("INPUT0", [1, 1], "FP32")
    number.set_data_from_numpy(np.full((1, 1), 100, np.float32))
    return int(client.infer(model, [number], model_version=version).as_numpy("OUTPUT0")[0, 0])


def index(client):
    return {(one.name, one.version): (one.state, one.reason) for one in client.get_model_repository_index().models}


def eventually(reached):
    end = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def repository(tmp_path):
    put(tmp_path / "adder", 1, 2)
    return tmp_path


@pytest.fixture
def client(repository):
    with Nereid(repository, "--model-control-mode=explicit") as running:
        with triton.InferenceServerClient(running.address) as open_client:
            yield open_client


def test_nothing_is_loaded_before_it_is_asked_for(client):
    assert index(client) == {("adder", ""): ("", "")}
    assert client.is_server_ready()
    assert not client.is_model_ready("adder")
    client.load_model("adder")
    assert client.is_model_ready("adder")
    assert add(client, "adder") == 102
    client.unload_model("adder")
    eventually(lambda: index(client) == {("adder", "2"): ("UNAVAILABLE", "unloaded")})
    assert not client.is_model_ready("adder")
    client.load_model("adder")
    assert add(client, "adder") == 102


def test_a_config_override_chooses_versions(client):
    both = {**TENSORS, "version_policy": {"specific": {"versions": [1]}}}
    client.load_model("adder", config=json.dumps(both))
    assert add(client, "adder") == 101
    assert [one.version for one in client.get_model_repository_index().models] == ["1"]
    config = client.get_model_config("adder", as_json=True)["config"]
    assert config["version_policy"]["specific"]["versions"] == ["1"]


def test_a_model_is_pushed_over_the_wire(client):
    model = (ADDER / "3/model.onnx").read_bytes()
    client.load_model("pushed", config=json.dumps(TENSORS), files={"file:7/model.onnx": model})
    assert add(client, "pushed", "7") == 103
    client.unload_model("pushed")
    eventually(lambda: ("pushed", "7") not in index(client))


def test_files_without_a_config_are_refused_as_triton_does(client):
    with pytest.raises(InferenceServerException) as refused:
        client.load_model("pushed", files={"file:1/model.onnx": b"x"})
    assert refused.value.message() == "failed to load 'pushed', failed to poll from model repository"


def test_a_missing_model_is_refused_as_triton_does(client):
    with pytest.raises(InferenceServerException) as refused:
        client.load_model("nowhere")
    assert refused.value.message() == "failed to load 'nowhere', failed to poll from model repository"
    client.unload_model("nowhere")


def test_a_failed_reload_keeps_the_old_version(client, repository):
    client.load_model("adder")
    (repository / "adder/3").mkdir()
    (repository / "adder/3/model.onnx").write_bytes(b"no model")
    with pytest.raises(InferenceServerException) as refused:
        client.load_model("adder")
    assert refused.value.message().startswith(
        "load failed for model 'adder': version 3 is at UNAVAILABLE state: Internal: onnx runtime error")
    assert refused.value.message().endswith(";\n")
    assert add(client, "adder") == 102


def test_storms_of_loads_and_unloads_end_as_the_last_call_says(client, repository):
    put(repository / "other", 3)
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call, model) for _ in range(10) for model in ("adder", "other")
                 for call in (client.load_model, client.unload_model)]
        for call in calls:
            call.result(PATIENCE_S)
    for model, answer in (("adder", 102), ("other", 103)):
        client.load_model(model)
        assert add(client, model) == answer


def test_a_server_that_polls_takes_what_is_dropped_in_and_refuses_calls(repository):
    with Nereid(repository, "--model-control-mode=poll", "--repository-poll-secs=1") as running:
        with triton.InferenceServerClient(running.address) as client:
            assert add(client, "adder") == 102
            with pytest.raises(InferenceServerException, match="explicit model load / unload is not allowed"):
                client.load_model("adder")
            put(repository / "late", 1)
            eventually(lambda: client.is_model_ready("late"))
            put(repository / "late", 3)
            eventually(lambda: add(client, "late") == 103)
            shutil.rmtree(repository / "late")
            eventually(lambda: not client.is_model_ready("late"))
            assert add(client, "adder") == 102


def test_a_server_without_control_refuses_calls(repository):
    with Nereid(repository) as running, triton.InferenceServerClient(running.address) as client:
        for call in (client.load_model, client.unload_model):
            with pytest.raises(InferenceServerException, match="explicit model load / unload is not allowed"):
                call("adder")
