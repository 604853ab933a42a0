import contextlib
import signal

import pytest
from certificates import Authority
from nereid import TEST_MODELS, Nereid, has_transport
from serving import TestServer

TRANSPORTS = ["grpc-js", "http2"]

SERVING = ["--exit-on-error=false"]

SLOW_TO_LEAVE = {"grpc-js": ["--exit-timeout-secs=10"]}
"""grpc-js waits for connections whose clients are gone: it is not waited for longer than that."""


def pytest_addoption(parser):
    parser.addoption("--transport", action="append", choices=TRANSPORTS, help="run on this one; by default on all")


def pytest_generate_tests(metafunc):
    if "transport" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--transport") or TRANSPORTS
        metafunc.parametrize("transport", chosen, indirect=True, scope="session")


def pytest_runtest_setup(item):
    """What results.py tells of a test."""
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    transport = parameters.pop("transport", "")
    case = " ".join([item.originalname.removeprefix("test_").replace("_", " "), *map(str, parameters.values())])
    item.user_properties += [("transport", transport), ("case", case)]


@pytest.fixture(scope="session")
def transport(request):
    if not has_transport(request.param):
        pytest.skip(f"`nereid serve` has no --grpc-transport={request.param} yet")
    return request.param


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"), "authority")


@pytest.fixture(scope="session")
def server_files(authority):
    """The names of the files of the certificate of servers and its key."""
    return authority.issue("server")


@contextlib.contextmanager
def serving(transport, *flags):
    """A server that many tests share; at the end it leaves in order whatever clients have left behind."""
    with Nereid(TEST_MODELS, *SERVING, *SLOW_TO_LEAVE.get(transport, []), *flags, transport=transport) as running:
        yield running
        running.signal(signal.SIGTERM)
        code = running.wait_for_exit()
    if transport not in SLOW_TO_LEAVE:
        assert code == 0
        assert "gRPC service connections and inference handlers" not in running.log


@pytest.fixture(scope="session")
def server(transport):
    with serving(transport) as running:
        yield running


@pytest.fixture(scope="session")
def tls_server(transport, server_files):
    certificate, key = server_files
    with serving(transport, "--grpc-use-ssl=true", f"--grpc-server-cert={certificate}",
                 f"--grpc-server-key={key}") as running:
        yield running


@pytest.fixture
def start_server(transport):
    """Starts servers of the test models with flags of the test's own, which end with the test."""
    with contextlib.ExitStack() as open_servers:
        def start(*flags):
            return open_servers.enter_context(Nereid(TEST_MODELS, "--exit-on-error=false", *flags, transport=transport))
        yield start


@pytest.fixture(scope="session")
def test_server(transport):
    with TestServer(transport) as running:
        yield running


@pytest.fixture(scope="session")
def tls_test_server(transport, server_files):
    certificate, key = server_files
    with TestServer(transport, f"--cert={certificate}", f"--key={key}") as running:
        yield running
