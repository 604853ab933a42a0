"""Settings of traces by the official clients, and trace files as Triton's own tools read them."""

import json
from collections import defaultdict

import pytest
import tritonclient.grpc as triton
import tritonclient.http as triton_http
from messages import floats, refused, tensor
from nereid import SAMPLE_MODELS, Nereid

MODEL = "identity_fp32"


@pytest.fixture
def served(tmp_path):
    """A server that may write traces, and its clients of both protocols."""
    file = tmp_path / "trace.json"
    with Nereid(SAMPLE_MODELS, f"--trace-config=triton,file={file}") as running:
        http = running.wait_for(r"Started HTTPService at (127\.0\.0\.1:\d+)").group(1)
        with triton.InferenceServerClient(running.address) as by_grpc, triton_http.InferenceServerClient(http) as by_http:
            yield running, by_grpc, by_http, file


def settings(response):
    return {name: list(setting.value) for name, setting in response.settings.items()}


def as_lists(named):
    return {name: value if isinstance(value, list) else [value] for name, value in named.items()}


def test_both_clients_set_read_and_clear(served):
    _, by_grpc, by_http, file = served
    defaults = {"trace_level": ["OFF"], "trace_rate": ["1000"], "trace_count": ["-1"], "log_frequency": ["0"],
                "trace_file": [str(file)], "trace_mode": ["triton"]}
    assert settings(by_grpc.get_trace_settings()) == as_lists(by_http.get_trace_settings()) == defaults

    changed = {**defaults, "trace_level": ["TIMESTAMPS", "TENSORS"], "trace_rate": ["3"], "trace_count": ["7"]}
    answer = by_grpc.update_trace_settings(
        MODEL, {"trace_level": ["TENSORS", "TIMESTAMPS"], "trace_rate": "3", "trace_count": "7"})
    assert settings(answer) == as_lists(by_http.get_trace_settings(MODEL)) == changed
    assert as_lists(by_http.get_trace_settings("mlp")) == defaults

    answer = by_http.update_trace_settings(settings={"trace_rate": "5", "log_frequency": "2"})
    assert as_lists(answer) == {**defaults, "trace_rate": ["5"], "log_frequency": ["2"]}
    assert settings(by_grpc.get_trace_settings(MODEL)) == {**changed, "log_frequency": ["2"]}

    cleared = dict.fromkeys(["trace_level", "trace_rate", "trace_count"])
    assert as_lists(by_http.update_trace_settings(MODEL, cleared)) == as_lists(by_http.get_trace_settings())
    answer = by_grpc.update_trace_settings(settings={"trace_rate": None, "log_frequency": None})
    assert settings(answer) == defaults


def test_what_is_refused(served):
    _, by_grpc, by_http, _ = served
    with refused("INVALID_ARGUMENT", "Request for unknown model : nobody"):
        by_grpc.get_trace_settings("nobody")
    with refused("UNIMPLEMENTED", "trace file location can not be updated through network protocol"):
        by_grpc.update_trace_settings(settings={"trace_file": "elsewhere"})
    with refused("INVALID_ARGUMENT", "Unable to parse 'trace_count'. Expecting value >= -1, got: -2"):
        by_grpc.update_trace_settings(settings={"trace_count": "-2"})
    with pytest.raises(Exception, match="Unable to parse 'trace_count'. Expecting value >= -1, got:-2"):
        by_http.update_trace_settings(settings={"trace_count": "-2"})


def test_spans_of_a_trace_file_add_up_as_triton_s_summary_wants(served):
    running, by_grpc, _, file = served
    by_grpc.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"], "trace_rate": "1"})
    for number in range(5):
        by_grpc.infer(MODEL, [tensor("INPUT0", floats(1, 2, 3))], request_id=f"r{number}")
    running.stop()
    traces = defaultdict(dict)
    for part in json.loads(file.read_text()):
        one = traces[part["id"]]
        one.setdefault("moments", {}).update({moment["name"]: moment["ns"] for moment in part.get("timestamps", [])})
        if "model_name" in part:
            one.update(part)
    assert [one["request_id"] for _, one in sorted(traces.items())] == [f"r{number}" for number in range(5)]
    spans = [("GRPC_WAITREAD_START", "GRPC_SEND_END"), ("GRPC_WAITREAD_START", "GRPC_WAITREAD_END"),
             ("GRPC_SEND_START", "GRPC_SEND_END"), ("REQUEST_START", "REQUEST_END"), ("QUEUE_START", "COMPUTE_START"),
             ("COMPUTE_START", "COMPUTE_END"), ("COMPUTE_START", "COMPUTE_INPUT_END"),
             ("COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START"), ("COMPUTE_OUTPUT_START", "COMPUTE_END")]
    for one in traces.values():
        assert (one["model_name"], one["model_version"]) == (MODEL, 1)
        for start, end in spans:
            assert 0 <= one["moments"][end] - one["moments"][start] < 60e9, (start, end)
