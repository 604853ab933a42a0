"""Models whose config.pbtxt is missing, empty or incomplete."""

import shutil

import numpy as np
import pytest
import tritonclient.grpc as triton
from messages import floats, refused, tensor
from nereid import TEST_MODELS, Nereid, run_nereid
from tritonclient.grpc import model_config_pb2

FP32 = model_config_pb2.TYPE_FP32


def drop_in(repository, name, graph, config=None, configs=None):
    """A model of the repository: the ONNX file of a test model, and a config or none."""
    folder = repository / name
    shutil.copytree(TEST_MODELS / graph / "1", folder / "1")
    if config is not None:
        (folder / "config.pbtxt").write_text(config)
    for key, text in (configs or {}).items():
        (folder / "configs").mkdir(exist_ok=True)
        (folder / "configs" / f"{key}.pbtxt").write_text(text)


def summary(config):
    """What completion decides: batch size, inputs, outputs, and the preferred sizes or None."""
    def sides(tensors):
        return [(each.name, each.data_type, list(each.dims)) for each in tensors]
    batching = config.HasField("dynamic_batching")
    preferred = list(config.dynamic_batching.preferred_batch_size) if batching else None
    return config.max_batch_size, sides(config.input), sides(config.output), preferred


ROWS = [("INPUT0", FP32, [4])], [("OUTPUT0", FP32, [4])]
WHOLE = [("INPUT0", FP32, [-1, 4])], [("OUTPUT0", FP32, [-1, 4])]
HALF = 'max_batch_size: 3 output { name: "OUTPUT0" data_type: TYPE_FP32 dims: 4 }'
FULL = ('input { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1, 4 ] } '
        'output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1, 4 ] }')

# Name: the test model, the config, and what ModelConfig answers.
MODELS = {
    "bare": ("fixed_fp32", None, (4, *ROWS, [4])),
    "empty": ("fixed_fp32", "", (4, *ROWS, [4])),
    "named": ("fixed_fp32", 'name: "named"', (4, *ROWS, [4])),
    "platform": ("fixed_fp32", 'platform: "onnxruntime_onnx"', (4, *ROWS, [4])),
    "zero": ("fixed_fp32", 'backend: "onnxruntime" max_batch_size: 0', (4, *ROWS, [4])),
    "one": ("fixed_fp32", "max_batch_size: 1", (1, *ROWS, None)),
    "half": ("fixed_fp32", HALF, (3, *ROWS, [3])),
    "full": ("fixed_fp32", FULL, (0, *WHOLE, None)),
    "nobatch": ("nobatch_fp32", None, (0, [("INPUT0", FP32, [2, -1])], [("OUTPUT0", FP32, [2, -1])], None)),
    "scalar": ("scalar_fp32", None, (0, [("INPUT0", FP32, [1])], [("OUTPUT0", FP32, [1])], None)),
    "refused": ("nobatch_fp32", "max_batch_size: 2", None),
}


@pytest.fixture(scope="module")
def completed(tmp_path_factory):
    repository = tmp_path_factory.mktemp("completed")
    for name, (graph, config, _) in MODELS.items():
        drop_in(repository, name, graph, config)
    with Nereid(repository, "--exit-on-error=false") as running:
        yield running


@pytest.fixture
def asked(completed):
    with triton.InferenceServerClient(completed.address) as client:
        yield client


@pytest.mark.parametrize("name", [name for name, (_, _, expected) in MODELS.items() if expected])
def test_model_config_answers_what_was_completed(asked, name):
    config = asked.get_model_config(name).config
    assert summary(config) == MODELS[name][2]
    assert (config.name, config.backend, config.platform) == (name, "onnxruntime", "onnxruntime_onnx")
    assert config.default_model_filename == "model.onnx"
    assert config.version_policy.latest.num_versions == 1
    [group] = config.instance_group
    assert (group.name, group.kind, group.count) == (name, model_config_pb2.ModelInstanceGroup.KIND_CPU, 2)


def test_completed_models_answer(asked):
    row = floats(1, 2, 3, 4)
    expected = asked.infer("full", [tensor("INPUT0", row)]).as_numpy("OUTPUT0").tolist()
    for name in ["bare", "empty", "named", "platform", "zero", "one", "half"]:
        assert asked.infer(name, [tensor("INPUT0", row)]).as_numpy("OUTPUT0").tolist() == expected
    assert asked.infer("scalar", [tensor("INPUT0", np.array([5], np.float32))]).as_numpy("OUTPUT0").shape == (1,)
    with refused("INVALID_ARGUMENT", "[request id: <id_unknown>] inference request batch-size must be <= 4 for 'bare'"):
        asked.infer("bare", [tensor("INPUT0", np.zeros((5, 4), np.float32))])


def test_metadata_has_the_batch_dimension(asked):
    metadata = asked.get_model_metadata("bare")
    assert [(each.name, each.datatype, list(each.shape)) for each in metadata.inputs] == [("INPUT0", "FP32", [-1, 4])]


def test_a_model_that_cannot_be_batched_says_so(asked):
    index = {each.name: each for each in asked.get_model_repository_index().models}
    assert index["refused"].state == "UNAVAILABLE"
    assert ("autofill failed for model 'refused': model does not support batching while non-zero max_batch_size is "
            "specified") in index["refused"].reason


def test_the_log_tells_what_was_chosen(completed):
    assert ("autofilled max_batch_size to 4 for model 'bare' since batching is supporrted but no max_batch_size is "
            "specified in model configuration. Must specify max_batch_size to utilize autofill with a larger max batch "
            "size") in completed.log
    assert ("skipping model configuration auto-complete for 'full': inputs and outputs already specified"
            in completed.log)


@pytest.mark.parametrize("flags, expected", [
    (["--backend-config=default-max-batch-size=16"], (16, *ROWS, [16])),
    (["--backend-config=onnxruntime,default-max-batch-size=8", "--backend-config=default-max-batch-size=16"], (8, *ROWS, [8])),
    (["--backend-config=default-max-batch-size=1"], (1, *ROWS, None)),
    (["--backend-config=default-max-batch-size=0"], (0, *WHOLE, None)),
    (["--backend-config=default-max-batch-size=-1"], (0, *WHOLE, None)),
    (["--model-config-name=small"], (2, *ROWS, [2])),
    (["--model-config-name=none"], (4, *ROWS, [4])),
    (["--strict-model-config=false"], (4, *ROWS, [4])),
])
def test_flags_that_change_what_is_completed(tmp_path, flags, expected):
    drop_in(tmp_path, "m", "fixed_fp32", configs={"small": "max_batch_size: 2"})
    with Nereid(tmp_path, *flags) as running, triton.InferenceServerClient(running.address) as client:
        assert summary(client.get_model_config("m").config) == expected


@pytest.mark.parametrize("flag", ["--disable-auto-complete-config", "--strict-model-config=true"])
def test_strictness(tmp_path, flag):
    drop_in(tmp_path, "bare", "fixed_fp32")
    drop_in(tmp_path, "outputs", "fixed_fp32", HALF)
    drop_in(tmp_path, "full", "fixed_fp32", FULL)
    with Nereid(tmp_path, "--exit-on-error=false", flag) as running:
        with triton.InferenceServerClient(running.address) as client:
            assert summary(client.get_model_config("full").config) == MODELS["full"][2]
            index = {each.name: each.reason for each in client.get_model_repository_index().models}
            assert "failed to open text file for read" in index["bare"]
            assert "configuration expects 0 inputs, model provides 1" in index["outputs"]
        deprecated = "'--strict-model-config' has been deprecated! Please use '--disable-auto-complete-config' instead."
        assert (deprecated in running.log) == flag.startswith("--strict")


@pytest.mark.parametrize("flags, words", [
    (["--backend-config=,default-max-batch-size=3"], "--backend-config option format is"),
    (["--backend-config=default-max-batch-size="], "--backend-config option format is"),
    (["--backend-config=default-max-batch-size"], "--backend-config option format is"),
    (["--backend-config=default-max-batch-size=many"], "'many' is not a whole number"),
    (["--model-config-name="], "Error: empty argument for --model-config-name"),
])
def test_flags_that_cannot_be_read_end_the_start(flags, words):
    ended = run_nereid("serve", f"--model-repository={TEST_MODELS}", *flags)
    assert ended.returncode != 0
    assert words in ended.stderr


def test_every_test_model_loads_without_its_config(tmp_path):
    names = sorted(place.name for place in TEST_MODELS.iterdir() if place.is_dir())
    for name in names:
        drop_in(tmp_path, name, name)
    with Nereid(tmp_path) as running, triton.InferenceServerClient(running.address) as client:
        assert sorted(each.name for each in client.get_model_repository_index().models) == names
        assert client.is_server_ready()
