"""h2spec, strict: HTTP/2 as RFC 9113 and RFC 7541 want it, of src/http2 by itself and under gRPC."""

import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import tritonclient.grpc as triton
from listener import Listener
from nereid import NODE, ROOT, SAMPLE_MODELS, Nereid, has_transport
from tools import find_tool

CASE_COUNT = 146
"""All that h2spec has; a report with fewer is not the whole."""

CASE_TIMEOUT_S = 2
"""After this a case without the frame that it waits for has failed."""

NO_BODY = "waits for a DATA frame, and a gRPC server refuses what is no gRPC with headers alone"

EXCUSED_ON_GRPC = {
    "generic/2 Sends a WINDOW_UPDATE frame on half-closed (remote) stream": NO_BODY,
    "generic/2 Sends a PRIORITY frame on half-closed (remote) stream": NO_BODY,
    "http2/5.1.2 Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded": "holds streams open by bodies that may not be sent, and answers without a body end at once",
    "http2/6.5.3 Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE": NO_BODY,
    "http2/6.9.1 Sends SETTINGS frame to set the initial window size to 1 and sends HEADERS frame": NO_BODY,
    "http2/6.9.2 Changes SETTINGS_INITIAL_WINDOW_SIZE after sending HEADERS frame": NO_BODY,
    "http2/6.9.2 Sends a SETTINGS frame for window size to be negative": NO_BODY,
}
"""Cases that no gRPC server can pass, and why; the plain server passes them."""


def run_h2spec(port, folder):
    """What came of each case that did not pass, and how many cases there were."""
    report = folder / "report.xml"
    ended = subprocess.run(
        [find_tool("h2spec"), "--strict", f"--port={port}", f"--timeout={CASE_TIMEOUT_S}", f"--junit-report={report}",
         "generic", "http2", "hpack"],
        capture_output=True, timeout=CASE_COUNT * CASE_TIMEOUT_S * 2,
    )
    assert report.exists(), (ended.stdout + ended.stderr).decode(errors="replace")
    # Bytes of frames are in the report as they are, and XML takes no control characters.
    cases = list(ElementTree.fromstring(re.sub(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]", b"?", report.read_bytes())).iter("testcase"))
    outcomes = {f"{case.get('package')} {case.get('classname')}": [(mark.tag, mark.text) for mark in case] for case in cases}
    return {name: marks for name, marks in outcomes.items() if marks}, len(outcomes)


def check(port, folder, excused):
    """Skipped counts as failed."""
    failed, count = run_h2spec(port, folder)
    assert {name: marks for name, marks in failed.items() if name not in excused} == {}
    assert set(excused) <= set(failed), "an excused case passes: it belongs in the table no more"
    assert count == CASE_COUNT


@pytest.mark.timeout(600)
@pytest.mark.skipif(not (ROOT / "dist/src/http2/server.js").exists(), reason="there is no src/http2 yet")
def test_a_plain_server(tmp_path):
    with Listener([NODE, ROOT / "dist/test/interop/plain-http2-server.js"], r"Started HTTP/2 at (127\.0\.0\.1:\d+)",
                  stdin=subprocess.PIPE) as plain:
        check(plain.port, tmp_path, {})
        assert plain.alive


@pytest.mark.timeout(600)
def test_the_grpc_server(tmp_path):
    if not has_transport("http2"):
        pytest.skip("`nereid serve` has no --grpc-transport yet; grpc-js, on Node's HTTP/2, is not held to h2spec")
    with Nereid(SAMPLE_MODELS, transport="http2") as running:
        check(running.port, tmp_path, EXCUSED_ON_GRPC)
        with triton.InferenceServerClient(running.address) as client:
            assert client.is_server_live()
