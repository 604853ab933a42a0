import grpc
import pytest
import tritonclient.grpc as triton
from nereid import BROKEN_MODELS, CHOSEN_TRANSPORT, SAMPLE_MODELS, TEST_MODELS, Nereid, has_transport
from tritonclient.grpc import service_pb2_grpc

LARGEST_MESSAGE = 2**31 - 1


def pytest_collection_modifyitems(items):
    if CHOSEN_TRANSPORT is None or has_transport(CHOSEN_TRANSPORT):
        return
    for item in items:
        item.add_marker(pytest.mark.skip(reason=f"`nereid serve` has no --grpc-transport={CHOSEN_TRANSPORT} yet"))


@pytest.fixture(scope="session")
def server():
    """Serves the test models; should one of them not load, the others serve."""
    with Nereid(TEST_MODELS, "--exit-on-error=false") as running:
        yield running


@pytest.fixture(scope="session")
def samples():
    """Serves the sample models, all of which load."""
    with Nereid(SAMPLE_MODELS) as running:
        yield running


@pytest.fixture(scope="session")
def broken():
    """Serves the one model of the broken ones that loads."""
    with Nereid(BROKEN_MODELS, "--exit-on-error=false") as running:
        yield running


@pytest.fixture
def client(server):
    with triton.InferenceServerClient(server.address) as open_client:
        yield open_client


@pytest.fixture
def sample_client(samples):
    with triton.InferenceServerClient(samples.address) as open_client:
        yield open_client


@pytest.fixture
def broken_client(broken):
    with triton.InferenceServerClient(broken.address) as open_client:
        yield open_client


@pytest.fixture
def channel(server):
    options = [("grpc.max_send_message_length", LARGEST_MESSAGE), ("grpc.max_receive_message_length", LARGEST_MESSAGE)]
    with grpc.insecure_channel(server.address, options) as open_channel:
        yield open_channel


@pytest.fixture
def stub(channel):
    """The plain stubs, for what tritonclient never sends."""
    return service_pb2_grpc.GRPCInferenceServiceStub(channel)
