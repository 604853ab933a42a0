"""Samples that a model runs before it serves."""

import re

import numpy as np
import pytest
import tritonclient.grpc as triton
from messages import tensor
from nereid import FREE_PORTS, TEST_MODELS, Nereid, run_nereid

ZEROS = 'inputs { key: "INDEX" value: { data_type: TYPE_INT64 dims: [ 1 ] zero_data: true } }'
FILE = 'inputs { key: "INDEX" value: { data_type: TYPE_INT64 dims: [ 1 ] input_data_file: "index" } }'


def write_model(repository, name, samples, index=0):
    folder = repository / name
    (folder / "warmup").mkdir(parents=True)
    (folder / "1").symlink_to(TEST_MODELS / "row_lookup" / "1")
    config = (TEST_MODELS / "row_lookup" / "config.pbtxt").read_text()
    config = re.sub(r"^name: .*$", f'name: "{name}"', config, flags=re.MULTILINE)
    (folder / "config.pbtxt").write_text(f"{config}model_warmup [ {samples} ]\n")
    (folder / "warmup" / "index").write_bytes(np.int64([index]).tobytes())


def test_samples_run_before_the_model_is_ready(tmp_path):
    write_model(tmp_path, "warm", f'{{ name: "a" batch_size: 8 count: 2 {ZEROS} }}, '
                                  f'{{ name: "b" batch_size: 1 {FILE} }}', index=3)
    with Nereid(tmp_path, "--log-verbose=1") as running:
        with triton.InferenceServerClient(running.address) as client:
            result = client.infer("warm", [tensor("INDEX", np.int64([[2]]))])
            assert result.as_numpy("VALUE").tolist() == [[30]]
            (stats,) = client.get_inference_statistics("warm").model_stats
            assert stats.execution_count == 1
        log = running.log
    ran = re.findall(r"is running warmup sample '(\w)' for iteration (\d)", log)
    assert ran == [("a", "1"), ("a", "2"), ("b", "1")]
    assert log.index("for iteration 2") < log.index("successfully loaded 'warm'")


@pytest.mark.parametrize("samples, reason", [
    (f'{{ name: "s" batch_size: 1 {FILE} }}', "failed to run warmup sample 's': onnx runtime error"),
    (f'{{ name: "s" batch_size: 9 {ZEROS} }}',
     "failed to run warmup sample 's': batch size 9 for 'cold_0_0', max allowed is 8; "),
    (f'{{ name: "s" batch_size: 1 {FILE.replace("[ 1 ]", "[ 2 ]")} }}',
     "warmup setting expects 16 bytes, but the data provided from indexonly has 8 bytes"),
])
def test_a_sample_that_fails_ends_the_start(tmp_path, samples, reason):
    write_model(tmp_path, "cold", samples, index=9)
    ended = run_nereid("serve", f"--model-repository={tmp_path}", *FREE_PORTS)
    assert ended.returncode == 1
    assert reason in ended.stderr
