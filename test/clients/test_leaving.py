"""Connections that grow old and servers that are asked to end, while clients call without a pause."""

import json
import signal
import subprocess
import threading

import pytest
import tritonclient.grpc as triton
from listener import PATIENCE_S
from messages import add_sub_inputs
from test_go_tools import ADD_SUB, INFER
from tools import find_tool
from tritonclient.utils import InferenceServerException

OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
CALLERS = 4

NOT_ACCEPTED = ["the connection is draining", "connection error: desc", "failed to connect to all addresses",
                "GRPC server is shutting down and has stopped accepting new requests."]
"""How calls may end that came when the server had been asked to end."""

CUT = "grpc-js may close a connection on which calls are still coming in"


class Callers:
    """Clients of a connection of their own that call until they are refused, or have made enough calls."""

    def __init__(self, address, calls_each):
        self._calls_each = calls_each
        self._begun = [threading.Event() for _ in range(CALLERS)]
        self.errors = []
        self._threads = [threading.Thread(target=self._call, args=(address, begun)) for begun in self._begun]
        for thread in self._threads:
            thread.start()

    def wait_until_all_were_answered(self):
        for begun in self._begun:
            begun.wait()

    def join(self):
        for thread in self._threads:
            thread.join()

    def _call(self, address, begun):
        with triton.InferenceServerClient(address, channel_args=OWN_CONNECTION) as client:
            try:
                for _ in range(self._calls_each):
                    client.infer("add_sub", add_sub_inputs())
                    begun.set()
            except InferenceServerException as error:
                self.errors.append(error.message())
            finally:
                begun.set()


def start_ghz(server, count):
    return subprocess.Popen(
        [find_tool("ghz"), "--format", "json", "--insecure", "--call", INFER, "-d", ADD_SUB, "-n", str(count), "-c", "32",
         "--connections", "4", server.address], stdout=subprocess.PIPE, text=True)


def report_of(calling):
    return json.loads(calling.communicate(timeout=PATIENCE_S)[0])


def test_old_connections_end_without_a_call_that_fails(start_server):
    server = start_server("--grpc-max-connection-age=300", "--grpc-max-connection-age-grace=5000")
    callers = Callers(server.address, calls_each=1000)
    report = report_of(start_ghz(server, 15000))
    callers.join()
    assert callers.errors == []
    # What else it counts are attempts that grpc-go made again by itself.
    assert report["statusCodeDistribution"]["OK"] == 15000, report["errorDistribution"]


def test_a_server_that_ends_fails_no_call_that_it_has_taken(transport, start_server):
    server = start_server()
    calling = start_ghz(server, 20000)
    callers = Callers(server.address, calls_each=10**9)
    callers.wait_until_all_were_answered()
    server.signal(signal.SIGTERM)
    assert server.wait_for_exit() == 0
    callers.join()
    failures = [*callers.errors, *report_of(calling)["errorDistribution"]]
    lost = [text for text in failures if not any(known in text for known in NOT_ACCEPTED)]
    if lost and transport == "grpc-js":
        pytest.xfail(CUT)
    assert lost == []
