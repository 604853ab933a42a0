"""perf_analyzer, Triton's load generator, with what it reads of a server's statistics.

What counts is that it runs to its end, not the figures."""

import re

import pytest
import tritonclient.grpc as triton
from nereid import TEST_MODELS, Nereid
from tools import has_tool, run_tool

pytestmark = pytest.mark.skipif(not has_tool("perf_analyzer"), reason="perf_analyzer is installed with Debian's tools")

CONCURRENCIES = [1, 4, 16, 64]

# Milliseconds of a measurement. With `--request-count` it waits for ever, once in ten runs over HTTP, when its calls end before it looks.
WINDOW_MS = 500

SHARED = ["--shared-memory=system", "--output-shared-memory-size=4096"]

WAYS = {
    "unary": [],
    "asynchronous": ["--async"],
    "streams": ["--streaming"],
    "shared memory": SHARED,
    "streams and shared memory": ["--streaming", *SHARED],
}

SERVER_SIDE = ["Inference count", "Execution count", "Successful request count"]


def analyze(address, protocol, concurrency, *flags):
    """What it prints of one measurement, however steady its windows are."""
    ended = run_tool("perf_analyzer", "-m", "add_sub", "-u", address, "-i", protocol,
                     f"--concurrency-range={concurrency}", f"--measurement-interval={WINDOW_MS}",
                     "--stability-percentage=999", *flags)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def check(report, concurrency):
    throughput = re.search(rf"^Concurrency: {concurrency}, throughput: ([\d.]+) infer/sec", report, re.M)
    assert throughput and float(throughput[1]) > 0, report
    assert not re.search(r"error|failed|warning", report, re.I), report
    assert int(re.search(r"Request count: (\d+)", report)[1]) > 0
    for figure in SERVER_SIDE:
        assert int(re.search(rf"  {figure}: (\d+)", report)[1]) > 0, report
    assert re.search(r"queue \d+ usec \+ compute input \d+ usec \+ compute infer \d+ usec \+ compute output \d+ usec",
                     report), report


def leave_nothing(address):
    """It goes without taking its regions along; the next one does."""
    with triton.InferenceServerClient(address) as client:
        client.unregister_system_shared_memory()
        assert not client.get_system_shared_memory_status().regions


@pytest.fixture(scope="session")
def sharing(transport):
    with Nereid(TEST_MODELS, "--exit-on-error=false", "--allow-client-shm=true", transport=transport) as running:
        yield running


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
@pytest.mark.parametrize("way", WAYS)
def test_perf_analyzer(sharing, way, concurrency):
    check(analyze(sharing.address, "grpc", concurrency, *WAYS[way]), concurrency)
    leave_nothing(sharing.address)


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
@pytest.mark.parametrize("way", ["unary", "asynchronous", "shared memory"])
def test_perf_analyzer_over_HTTP(sharing, way, concurrency):
    check(analyze(sharing.http_address, "http", concurrency, *WAYS[way]), concurrency)
    leave_nothing(sharing.address)
