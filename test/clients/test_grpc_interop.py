"""The public interoperability client of gRPC for Go, and grpc-python where that client has no case."""

import grpc
import pytest
from listener import PATIENCE_S
from tools import run_tool
from wire import Relay

CASES = [
    "empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream",
    "timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "status_code_and_message",
    "special_status_message", "unimplemented_method", "unimplemented_service", "pick_first_unary", "rpc_soak",
    "channel_soak", "custom_metadata",
]
"""All that need no Google credentials, but orca_per_rpc and orca_oob: they are about reports of load, which we have not."""

SOAK = ["--soak_iterations=100", "--soak_num_threads=4", f"--soak_overall_timeout_seconds={PATIENCE_S}",
        f"--soak_per_iteration_max_acceptable_latency_ms={PATIENCE_S * 1000}"]


def run_case(port, case, *flags):
    ended = run_tool("client", "--server_host=127.0.0.1", f"--server_port={port}", f"--test_case={case}",
                     *(SOAK if case.endswith("_soak") else []), *flags)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("case", CASES)
def test_go_client(test_server, case):
    run_case(test_server.port, case)


@pytest.mark.parametrize("case", CASES)
def test_go_client_over_tls(tls_test_server, authority, case):
    run_case(tls_test_server.port, case, "--use_tls", "--use_test_ca", f"--ca_file={authority.certificate}",
             "--server_host_override=localhost")
