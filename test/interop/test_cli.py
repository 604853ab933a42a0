"""The command as a user meets it: flags, broken repositories, and how it ends."""

import asyncio
import shutil
import signal
import socket

import grpc
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from messages import Answers, add_sub_inputs, refused, slow_inputs
from nereid import BROKEN_MODELS, FREE_PORTS, SAMPLE_MODELS, TEST_MODELS, Nereid, run_nereid

QUIET = FREE_PORTS

TROUBLE = {
    "bad_field": "max_batch_sizes",
    "bad_label": "missing.txt",
    "bad_syntax": "config.pbtxt",
    "bf16": "TYPE_BF16",
    "decoupled": "model_transaction_policy",
    "ensemble": "ensemble_scheduling",
    "gpu_only": "KIND_GPU",
    "missing_file": "model.onnx",
    "nereid_key": "nereid.batch_dely",
    "no_versions": "at least one version must be available under the version policy of model 'no_versions'",
    "not_onnx": "onnx runtime error",
    "optional_input": "optional input 'INPUT1'",
    "other_backend": "pytorch",
    "sequence": "sequence_batching",
    "unknown_output": "unexpected inference output 'OUTPUT9', allowed outputs are: OUTPUT0, OUTPUT1",
    "wrong_datatype": "unable to load model 'wrong_datatype', configuration expects datatype TYPE_INT32 for input 'INPUT0', "
                      "model provides TYPE_FP32",
    "wrong_shape": "[-1,8]",
}
"""Each broken model, and words that its message must have."""

TROUBLE = {model: words for model, words in TROUBLE.items() if (BROKEN_MODELS / model).exists()}


@pytest.mark.parametrize("args", [["--help"], ["serve", "--help"]])
def test_help(args):
    ended = run_nereid(*args)
    assert ended.returncode == 0
    assert "serve" in ended.stdout
    assert ended.stderr == ""


def test_help_of_serve_lists_the_flags():
    text = run_nereid("serve", "--help").stdout
    for flag in ["--model-repository", "--grpc-port", "--exit-timeout-secs", "--strict-readiness", "--log-verbose"]:
        assert flag in text


def test_version():
    ended = run_nereid("--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip()


@pytest.mark.parametrize("args, words", [
    (["--no-such-flag"], ["--no-such-flag"]),
    (["--model-repositry=/x"], ["--model-repositry", "Did you mean \"--model-repository\"?"]),
    (["--grpc-prot=1"], ["--grpc-prot", "--grpc-port"]),
    ([], ["--model-repository must be specified"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--grpc-port=no"], ["--grpc-port", "'no'", "whole number"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--grpc-port=70000"], ["--grpc-port", "'70000'", "65535"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--exit-on-error=maybe"], ["--exit-on-error", "'maybe'", "true or false"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--grpc-infer-response-compression-level=max"], ["none, low, medium, high"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--model-control-mode=manual"], ["--model-control-mode", "none, poll, explicit"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--load-model=simple"], ["--model-control-mode=explicit"]),
    ([f"--model-repository={SAMPLE_MODELS}", "--model-load-gpu-limit=0:0.5"], ["--model-load-gpu-limit", "not supported yet"]),
    ([f"--model-repository={SAMPLE_MODELS}", "stray"], ["Unexpected argument: stray"]),
])
def test_a_command_line_that_is_wrong(args, words):
    ended = run_nereid("serve", *args)
    assert ended.returncode == 1
    assert all(word in ended.stderr for word in words), ended.stderr
    assert "    at " not in ended.stderr


@pytest.mark.parametrize("place", ["no/such/folder", str(SAMPLE_MODELS / "make-models.py")])
def test_a_repository_that_is_no_folder(place):
    ended = run_nereid("serve", f"--model-repository={place}", *QUIET)
    assert ended.returncode == 1
    assert place in ended.stderr
    assert "error: creating server: " in ended.stderr
    assert "    at " not in ended.stderr


def test_a_broken_repository_ends_the_server_which_names_each_trouble():
    ended = run_nereid("serve", f"--model-repository={BROKEN_MODELS}", *QUIET)
    assert ended.returncode == 1
    assert "error: creating server: Internal - failed to load all models" in ended.stderr
    assert "Started GRPCInferenceService" not in ended.stdout
    for model, words in TROUBLE.items():
        lines = [line for line in ended.stderr.splitlines() if f"failed to load '{model}'" in line]
        assert lines and any(words in line for line in lines), (model, lines)
    assert "failed to load 'good'" not in ended.stderr


def test_the_good_model_of_a_broken_repository_serves(broken_client):
    result = broken_client.infer("good", add_sub_inputs())
    assert result.as_numpy("OUTPUT0").tolist() == [[11, 22, 33, 44]]
    assert broken_client.is_model_ready("good")
    assert broken_client.is_server_live()
    assert not broken_client.is_server_ready()


def test_the_index_of_a_broken_repository_says_why(broken_client):
    index = {each.name: each for each in broken_client.get_model_repository_index().models}
    assert sorted(index) == sorted([*TROUBLE, "good"])
    good = index.pop("good")
    assert (good.version, good.state, good.reason) == ("1", "READY", "")
    for model, entry in index.items():
        assert entry.state == "UNAVAILABLE"
        assert entry.version == ("" if model == "no_versions" else "1")
        code, _, text = entry.reason.partition(": ")
        assert code in ["Internal", "Invalid argument", "Unsupported", "Unavailable", "Not found"], entry.reason
        assert TROUBLE[model] in text


@pytest.mark.parametrize("model", TROUBLE)
def test_a_model_that_did_not_load_answers_so(broken_client, model):
    assert not broken_client.is_model_ready(model)
    with refused("NOT_FOUND", f"Request for unknown model: '{model}' has no available versions"):
        broken_client.infer(model, add_sub_inputs())
    code, problem = (("NOT_FOUND", "found") if model == "no_versions" else ("UNAVAILABLE", "at ready state"))
    with refused(code, f"Request for unknown model: '{model}' version 1 is not {problem}"):
        broken_client.get_model_config(model, "1")


def test_readiness_that_is_not_strict():
    with Nereid(BROKEN_MODELS, "--exit-on-error=false", "--strict-readiness=false") as running:
        with triton.InferenceServerClient(running.address) as client:
            assert client.is_server_ready()
            assert not client.is_model_ready("bf16")


def test_an_empty_repository_serves_nothing_and_is_ready(tmp_path):
    with Nereid(tmp_path) as running, triton.InferenceServerClient(running.address) as client:
        assert client.is_server_ready()
        assert not client.get_model_repository_index().models


def test_several_repositories(tmp_path):
    shutil.copytree(BROKEN_MODELS / "good", tmp_path / "good")
    with Nereid(SAMPLE_MODELS, f"--model-repository={tmp_path}") as running:
        with triton.InferenceServerClient(running.address) as client:
            names = [each.name for each in client.get_model_repository_index().models]
            assert names == sorted(names) and {"good", "simple"} <= set(names)


def test_a_model_in_two_repositories_serves_from_neither(tmp_path):
    shutil.copytree(SAMPLE_MODELS / "simple", tmp_path / "simple")
    with Nereid(SAMPLE_MODELS, f"--model-repository={tmp_path}", "--exit-on-error=false") as running:
        with triton.InferenceServerClient(running.address) as client:
            index = {each.name: each for each in client.get_model_repository_index().models}
            twice = index["simple"]
            assert (twice.version, twice.state, twice.reason) == (
                "", "UNAVAILABLE", "model appears in two or more repositories")
            assert not client.is_model_ready("simple")
            assert client.is_model_ready("mlp")


def test_the_name_of_the_server():
    with Nereid(SAMPLE_MODELS, "--id=my server") as running, triton.InferenceServerClient(running.address) as client:
        assert client.get_server_metadata().name == "my server"


def test_a_port_that_is_taken(samples):
    ended = run_nereid("serve", f"--model-repository={SAMPLE_MODELS}", f"--grpc-port={samples.port}",
                       "--grpc-address=127.0.0.1")
    assert ended.returncode == 1
    assert f"Socket '{samples.address}' already in use" in ended.stderr


def connection_refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once(number):
    running = Nereid(SAMPLE_MODELS)
    with triton.InferenceServerClient(running.address) as client:
        assert client.is_server_ready()
        running.signal(number)
        assert running.wait_for_exit() == 0
    assert f"Signal ({int(number)}) received." in running.log
    assert connection_refused(running.port)


def test_a_request_in_flight_is_finished_before_the_end():
    running = Nereid(TEST_MODELS, "--exit-on-error=false")

    async def use():
        async with triton_aio.InferenceServerClient(running.address) as client:
            slow = asyncio.create_task(client.infer("slow", slow_inputs(2)))
            waiting = asyncio.create_task(client.infer("slow", slow_inputs(0)))
            # Behind them on the same connection, so that they are in the server's hands.
            await client.infer("add_sub", add_sub_inputs())
            running.signal(signal.SIGTERM)
            await asyncio.to_thread(running.wait_for, "Signal \\(15\\) received")
            # A second signal is ignored.
            running.signal(signal.SIGTERM)
            while not connection_refused(running.port):
                await asyncio.sleep(0.01)
            with refused("UNAVAILABLE"):
                await client.infer("add_sub", add_sub_inputs())
            assert not slow.done()
            return await asyncio.gather(slow, waiting)
    slow, waiting = asyncio.run(use())
    assert slow.as_numpy("DONE").tolist() == slow_inputs_count(2)
    assert waiting.as_numpy("DONE").tolist() == [0]
    assert running.wait_for_exit() == 0
    assert "successfully unloaded 'slow' version 1" in running.log


def slow_inputs_count(seconds):
    [given] = slow_inputs(seconds)
    return [int.from_bytes(given._get_content(), "little")]


def test_a_stream_in_flight_is_finished_before_the_end():
    running = Nereid(TEST_MODELS, "--exit-on-error=false")
    with triton.InferenceServerClient(running.address) as client:
        answers = Answers()
        client.start_stream(answers)
        client.async_stream_infer("add_sub", add_sub_inputs())
        client.async_stream_infer("slow", slow_inputs(1))
        assert answers.next()[1] is None
        running.signal(signal.SIGTERM)
        running.wait_for("Signal \\(15\\) received")
        client.async_stream_infer("add_sub", add_sub_inputs())
        assert answers.next()[1] is None
        _, error = answers.next()
        assert error.message() == "GRPC server is shutting down and has stopped accepting new requests."
        client.stop_stream()
    assert running.wait_for_exit() == 0


def test_a_watch_of_the_health_does_not_delay_the_end():
    running = Nereid(SAMPLE_MODELS)
    with grpc.insecure_channel(running.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        running.signal(signal.SIGTERM)
        assert running.wait_for_exit() == 0
        assert [answer.status for answer in watch] == [health_pb2.HealthCheckResponse.NOT_SERVING]
    assert "Timeout 20" not in running.log


def test_a_run_that_outlasts_the_time_to_exit():
    running = Nereid(TEST_MODELS, "--exit-on-error=false", "--exit-timeout-secs=1")

    async def use():
        async with triton_aio.InferenceServerClient(running.address) as client:
            slow = asyncio.create_task(client.infer("slow", slow_inputs(30)))
            await client.infer("add_sub", add_sub_inputs())
            running.signal(signal.SIGTERM)
            with refused("UNAVAILABLE"):
                await slow
    asyncio.run(use())
    assert running.wait_for_exit() != 0
    assert "Exit timeout expired. Exiting immediately." in running.log
    assert "Timeout 0: Found 1 gRPC service connections and inference handlers" in running.log
