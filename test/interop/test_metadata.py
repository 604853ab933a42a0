"""What the server says of itself and of its models."""

import grpc
import pytest
from messages import refused
from nereid import BROKEN_MODELS, SAMPLE_MODELS, TEST_MODELS
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc

ALL_EXTENSIONS = [
    "classification", "sequence", "model_repository", "model_repository(unload_dependents)", "schedule_policy",
    "model_configuration", "system_shared_memory", "cuda_shared_memory", "binary_tensor_data", "parameters",
    "statistics", "trace", "logging",
]


def names_in(folder):
    return sorted(place.name for place in folder.iterdir() if place.is_dir())


LOADED = names_in(TEST_MODELS)


def test_the_server_is_live(client, sample_client):
    assert client.is_server_live()
    assert sample_client.is_server_live()


def test_the_server_is_ready_when_every_model_is(sample_client, broken_client):
    assert sample_client.is_server_ready()
    assert not broken_client.is_server_ready()


def test_server_metadata(client):
    metadata = client.get_server_metadata()
    assert (metadata.name, metadata.version) == ("triton", "2.73.0")
    extensions = list(metadata.extensions)
    assert {"classification", "model_configuration", "binary_tensor_data", "parameters", "statistics"} <= set(extensions)
    # In Triton's order, and none that does not work.
    assert extensions == [name for name in ALL_EXTENSIONS if name in extensions]
    assert client.get_server_metadata(as_json=True)["version"] == "2.73.0"


def test_model_metadata(client):
    metadata = client.get_model_metadata("add_sub", as_json=True)
    tensors = [{"datatype": "FP32", "shape": ["-1", "4"]}] * 2
    assert metadata == {
        "name": "add_sub", "versions": ["1"], "platform": "onnxruntime_onnx",
        "inputs": [{"name": f"INPUT{i}", **each} for i, each in enumerate(tensors)],
        "outputs": [{"name": f"OUTPUT{i}", **each} for i, each in enumerate(tensors)],
    }


def test_metadata_shows_the_dims_of_the_config(client):
    def shapes(model):
        metadata = client.get_model_metadata(model)
        return [list(each.shape) for each in [*metadata.inputs, *metadata.outputs]]
    assert shapes("nobatch_fp32") == [[2, -1], [2, -1]]
    assert shapes("identity_fp32") == [[-1, -1], [-1, -1]]
    # A reshape is not applied.
    assert shapes("reshape_scalar") == [[-1, 1], [-1, 1]]
    assert shapes("scalar_fp32") == [[1], [1]]


def test_strings_are_bytes_on_the_wire(client):
    metadata = client.get_model_metadata("identity_bytes")
    assert [metadata.inputs[0].datatype, metadata.outputs[0].datatype] == ["BYTES", "BYTES"]


@pytest.mark.parametrize("model, version, versions", [
    ("versions_all", "", ["1", "2", "3"]), ("versions_all", "2", ["2"]), ("versions_latest", "", ["3"]),
    ("versions_specific", "", ["1", "3"])])
def test_metadata_names_the_versions(client, model, version, versions):
    assert list(client.get_model_metadata(model, version).versions) == versions


def test_model_config_is_complete(client):
    config = client.get_model_config("add_sub").config
    assert (config.name, config.backend, config.platform) == ("add_sub", "onnxruntime", "onnxruntime_onnx")
    assert config.max_batch_size == 8
    assert config.default_model_filename == "model.onnx"
    assert config.version_policy.latest.num_versions == 1
    assert config.optimization.input_pinned_memory.enable
    assert config.optimization.output_pinned_memory.enable
    [group] = config.instance_group
    assert (group.name, group.count) == ("add_sub_0", 1)
    assert group.kind == model_config_pb2.ModelInstanceGroup.KIND_CPU
    assert [(each.name, list(each.dims)) for each in config.output] == [("OUTPUT0", [4]), ("OUTPUT1", [4])]


def test_model_config_keeps_what_was_written(client, sample_client):
    config = client.get_model_config("classes", "1").config
    assert config.output[0].label_filename == "labels.txt"
    config = client.get_model_config("versions_specific").config
    assert list(config.version_policy.specific.versions) == [1, 3]
    config = client.get_model_config("reshape_scalar").config
    assert config.input[0].HasField("reshape") and list(config.input[0].reshape.shape) == []
    config = sample_client.get_model_config("mlp").config
    assert config.dynamic_batching.max_queue_delay_microseconds == 500
    assert list(config.dynamic_batching.preferred_batch_size) == [64]
    assert sample_client.get_model_config("mlp", as_json=True)["config"]["name"] == "mlp"


def test_every_model_that_loads_is_ready(client, broken_client):
    ready = {name: client.is_model_ready(name) for name in LOADED}
    assert ready == dict.fromkeys(LOADED, True)
    ready = {name: broken_client.is_model_ready(name) for name in names_in(BROKEN_MODELS)}
    assert ready == {name: name == "good" for name in ready}


@pytest.mark.parametrize("model, version, ready", [
    ("versions_all", "2", True), ("versions_latest", "1", False), ("versions_specific", "2", False),
    ("no such model", "", False), ("", "", False), ("add_sub", "7", False)])
def test_readiness_of_a_version(client, model, version, ready):
    assert client.is_model_ready(model, version) is ready


def test_the_index_lists_every_version(client):
    index = [(each.name, each.version, each.state) for each in client.get_model_repository_index().models
             if each.name in LOADED]
    several = {"versions_all": ["1", "2", "3"], "versions_latest": ["3"], "versions_specific": ["1", "3"]}
    assert index == [(name, version, "READY") for name in LOADED for version in several.get(name, ["1"])]


def test_the_index_of_what_is_ready(broken):
    with grpc.insecure_channel(broken.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        everything = stub.RepositoryIndex(service_pb2.RepositoryIndexRequest()).models
        ready = stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(ready=True)).models
    assert [each.name for each in ready] == ["good"]
    assert list(ready) == [each for each in everything if each.state == "READY"]


def test_the_index_of_a_named_repository(stub):
    with refused("UNIMPLEMENTED", "'repository_name' specification is not supported"):
        stub.RepositoryIndex(service_pb2.RepositoryIndexRequest(repository_name="any"))


def test_the_index_of_the_samples(sample_client):
    index = sample_client.get_model_repository_index(as_json=True)["models"]
    assert index == [{"name": name, "version": "1", "state": "READY"} for name in names_in(SAMPLE_MODELS)]
