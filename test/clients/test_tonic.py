"""tonic, the gRPC of Rust, by the client of tonic/."""

import pytest
from tools import run_tool

CASES = ["many_at_once", "stream", "errors", "deadlines", "large", "gzip"]


def run_case(*args):
    ended = run_tool("nereid-tonic-client", *args)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("case", CASES)
def test_tonic(server, case):
    run_case(case, f"http://{server.address}")


@pytest.mark.parametrize("case", CASES)
def test_tonic_over_tls(tls_server, authority, case):
    run_case(case, f"https://{tls_server.address}", authority.certificate)


@pytest.mark.parametrize("level", ["low", "high"])
def test_tonic_takes_compressed_answers(start_server, level):
    running = start_server(f"--grpc-infer-response-compression-level={level}")
    run_case("gzip", f"http://{running.address}")
