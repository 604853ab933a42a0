"""h2load, by nghttp2: many calls at once on few connections, and its strict reading of HTTP/2."""

import re
import shutil
import subprocess

import pytest
from frames import grpc_message
from listener import PATIENCE_S
from messages import declared, message

if shutil.which("h2load") is None:
    pytestmark = pytest.mark.skip(reason="there is no h2load: Debian's nghttp2-client has it")

ADD_SUB = message("add_sub", declared("INPUT0", "FP32", [1, 4]), declared("INPUT1", "FP32", [1, 4]), raw=[bytes(16)] * 2)
BIG_ANSWER = message("big_out", declared("N", "INT64", [1]), raw=[(2**18).to_bytes(8, "little")])

def h2load(url, folder, request, count, *flags):
    """What h2load tells when every request was answered with 200."""
    body = folder / "request"
    body.write_bytes(grpc_message(request))
    ended = subprocess.run(
        ["h2load", f"--requests={count}", f"--data={body}", "--header=content-type: application/grpc",
         "--header=te: trailers", *flags, f"{url}/inference.GRPCInferenceService/ModelInfer"],
        capture_output=True, text=True, timeout=PATIENCE_S,
    )
    assert ended.returncode == 0, ended.stderr
    assert f"{count} total, {count} started, {count} done, {count} succeeded, 0 failed, 0 errored, 0 timeout" in ended.stdout
    assert f"status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx" in ended.stdout
    return ended.stdout


@pytest.mark.parametrize("clients, streams", [(1, 1), (1, 100), (10, 32), (100, 10), (200, 1)])
def test_h2load(server, tmp_path, clients, streams):
    h2load(f"http://{server.address}", tmp_path, ADD_SUB, 4000, f"--clients={clients}", f"--max-concurrent-streams={streams}")


def test_h2load_with_answers_of_a_mebibyte_through_small_windows(server, tmp_path):
    told = h2load(f"http://{server.address}", tmp_path, BIG_ANSWER, 400, "--clients=4",
                  "--max-concurrent-streams=8", "--window-bits=16", "--connection-window-bits=16")
    data_bytes = int(re.search(r"\((\d+)\) data", told).group(1))
    assert data_bytes > 400 * 2**20


def test_h2load_over_TLS(tls_server, tmp_path):
    h2load(f"https://{tls_server.address}", tmp_path, ADD_SUB, 4000, "--clients=4", "--max-concurrent-streams=32")
