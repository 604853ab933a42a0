"""The interoperability cases that the client for Go has not: compressed messages, and half-duplex streams."""

import sys
from functools import partial

import grpc
import pytest
from nereid import ROOT
from serving import TestServer
from wire import Relay

sys.path.append(str(ROOT / "test/clients/protos"))
_, services = grpc.protos_and_services("test.proto")
pb = grpc.protos("messages.proto")
empty = grpc.protos("empty.proto")

REQUEST_BYTES, RESPONSE_BYTES = 271828, 314159
"""What a large call carries in the interoperability tests."""

COMPRESSION = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}


@pytest.fixture(scope="module", params=["low", "high"])
def compressing(request, transport):
    with TestServer(transport, f"--compression={request.param}") as running:
        yield running


@pytest.fixture(scope="module")
def compressing_tls(transport, server_files):
    certificate, key = server_files
    with TestServer(transport, "--compression=medium", f"--cert={certificate}", f"--key={key}") as running:
        yield running


def payload(size):
    return pb.Payload(body=bytes(size))


def simple_request():
    return pb.SimpleRequest(response_size=RESPONSE_BYTES, payload=payload(REQUEST_BYTES))


def output_request(*sizes):
    return pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=size) for size in sizes], payload=payload(REQUEST_BYTES))


def sizes_of(answers):
    return [len(answer.payload.body) for answer in answers]


def check_all(stub):
    """A call of each kind, which carries what it must."""
    sizes = [31415, 9, 2653, 58979]
    assert len(stub.UnaryCall(simple_request()).payload.body) == RESPONSE_BYTES
    assert stub.EmptyCall(empty.Empty()) == empty.Empty()
    counted = stub.StreamingInputCall(pb.StreamingInputCallRequest(payload=payload(size)) for size in sizes)
    assert counted.aggregated_payload_size == sum(sizes)
    assert sizes_of(stub.StreamingOutputCall(output_request(*sizes))) == sizes
    assert sizes_of(stub.FullDuplexCall(output_request(size) for size in sizes)) == sizes
    assert sizes_of(stub.HalfDuplexCall(output_request(size) for size in sizes)) == sizes


@pytest.mark.parametrize("algorithm", COMPRESSION)
def test_client_compressed(test_server, algorithm):
    with Relay(test_server.port) as relay, \
            grpc.insecure_channel(relay.address, compression=COMPRESSION[algorithm]) as channel:
        check_all(services.TestServiceStub(channel))
        assert relay.bytes_up < REQUEST_BYTES / 4
        assert relay.bytes_down > RESPONSE_BYTES


@pytest.mark.parametrize("algorithm", COMPRESSION)
def test_both_compressed(compressing, algorithm):
    with Relay(compressing.port) as relay, \
            grpc.insecure_channel(relay.address, compression=COMPRESSION[algorithm]) as channel:
        check_all(services.TestServiceStub(channel))
        assert relay.bytes_up < REQUEST_BYTES / 4
        assert relay.bytes_down < RESPONSE_BYTES / 4


def test_server_compressed(compressing):
    with Relay(compressing.port) as relay, grpc.insecure_channel(relay.address) as channel:
        check_all(services.TestServiceStub(channel))
        assert relay.bytes_up > REQUEST_BYTES
        assert relay.bytes_down < RESPONSE_BYTES / 4


def test_both_compressed_over_TLS(compressing_tls, authority):
    with open(authority.certificate, "rb") as trusted:
        credentials = grpc.ssl_channel_credentials(trusted.read())
    connect = partial(grpc.secure_channel, credentials=credentials, compression=grpc.Compression.Gzip)
    with Relay(compressing_tls.port) as relay, connect(relay.address) as channel:
        check_all(services.TestServiceStub(channel))
        assert relay.bytes_up < REQUEST_BYTES / 4
        assert relay.bytes_down < RESPONSE_BYTES / 4


def test_uncompressed(test_server):
    with grpc.insecure_channel(test_server.address) as channel:
        check_all(services.TestServiceStub(channel))


def test_a_request_that_must_come_compressed(test_server):
    """The probe of client_compressed_unary."""
    with grpc.insecure_channel(test_server.address) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            services.TestServiceStub(channel).UnaryCall(pb.SimpleRequest(expect_compressed=pb.BoolValue(value=True)))
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
        pytest.xfail("a Call of our Transport interface does not tell whether a request came compressed")
