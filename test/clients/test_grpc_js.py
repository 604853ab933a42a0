"""The client of @grpc/grpc-js, by grpc-js-client.ts."""

import subprocess

import pytest
from listener import PATIENCE_S
from nereid import NODE, ROOT

CASES = ["many_at_once", "stream", "errors", "deadlines", "large", "gzip"]


def run_case(*args):
    ended = subprocess.run([NODE, ROOT / "dist/test/clients/grpc-js-client.js", *map(str, args)], cwd=ROOT,
                           capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("case", CASES)
def test_grpc_js_client(server, case):
    run_case(case, server.port)


@pytest.mark.parametrize("case", CASES)
def test_grpc_js_client_over_TLS(tls_server, authority, case):
    run_case(case, tls_server.port, authority.certificate)
