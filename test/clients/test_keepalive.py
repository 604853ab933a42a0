"""Pings: of grpc-python with and without keepalive, by hand, and of the server."""

import numpy as np
import pytest
import tritonclient.grpc as triton
from frame_counter import FrameCounter
from frames import (ACK, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING, PREFACE, RawConnection, data, frame,
                    grpc_message, headers, settings)
from messages import Answers, add_sub_inputs, tensor
from tritonclient.grpc import service_pb2
from wire import Relay

PING_COUNT = 12
"""More than any client may send for nothing by default."""

NO_LIMIT = "grpc-js has no limit of pings"

FREQUENT = [("grpc.keepalive_time_ms", 200), ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.keepalive_permit_without_calls", 1), ("grpc.http2.max_pings_without_data", 0)]

HELLO = PREFACE + settings()


def live(stream):
    return headers("ServerLive", stream) + data(grpc_message(service_pb2.ServerLiveRequest()), stream, END_STREAM)


@pytest.fixture
def frames():
    return FrameCounter()


def open_stream(client):
    """A stream that has answered once and rests."""
    answers = Answers()
    client.start_stream(answers)
    client.async_stream_infer("add_sub", add_sub_inputs())
    assert answers.next()[1] is None
    return answers


def test_python_by_default(server, frames):
    """With messages large enough for the pings by which the client measures the bandwidth."""
    with Relay(server.port, frames.watch) as relay, triton.InferenceServerClient(relay.address) as client:
        for _ in range(300):
            client.infer("add_sub", add_sub_inputs())
        for _ in range(50):
            client.infer("identity_uint8", [tensor("INPUT0", np.zeros((1, 2**20), np.uint8))])
        assert frames.count("up", PING) > 0
        frames.wait_for(lambda: frames.count("up", PING) == frames.count("down", PING, acks=True))
        assert relay.connection_count == 1
    assert frames.goaways == []


def test_python_with_keepalive_in_moderation(server, frames):
    """The settings that gRPC's guide recommends: no ping is due in the time of a test, and nothing else is different."""
    options = [("grpc.keepalive_time_ms", 300_000), ("grpc.keepalive_timeout_ms", 20_000)]
    with Relay(server.port, frames.watch) as relay, \
            triton.InferenceServerClient(relay.address, channel_args=options) as client:
        for _ in range(100):
            client.infer("add_sub", add_sub_inputs())
        assert relay.connection_count == 1
    assert frames.goaways == []


def test_python_that_pings_too_often_is_told_so_and_served_again(transport, server, frames):
    with Relay(server.port, frames.watch) as relay, \
            triton.InferenceServerClient(relay.address, channel_args=FREQUENT) as client:
        answers = open_stream(client)
        frames.wait_for(lambda: frames.goaways or frames.count("down", PING, acks=True) >= PING_COUNT)
        if transport == "http2":
            assert answers.next()[1].status() == "StatusCode.UNAVAILABLE"
        client.stop_stream(cancel_requests=True)
        assert client.is_server_live()
    if transport == "grpc-js":
        assert frames.goaways == []
        pytest.xfail(NO_LIMIT)
    assert set(frames.goaways) == {(ENHANCE_YOUR_CALM, b"too_many_pings")}


def test_python_that_pings_as_often_as_the_server_allows(transport, start_server, frames):
    if transport == "grpc-js":
        pytest.skip(NO_LIMIT)
    server = start_server("--grpc-http2-min-recv-ping-interval-without-data=100", "--grpc-keepalive-permit-without-calls=true")
    with Relay(server.port, frames.watch) as relay, \
            triton.InferenceServerClient(relay.address, channel_args=FREQUENT) as client:
        answers = open_stream(client)
        frames.wait_for(lambda: frames.goaways or frames.count("down", PING, acks=True) >= PING_COUNT)
        client.async_stream_infer("add_sub", add_sub_inputs())
        assert answers.next()[1] is None
        client.stop_stream()
    assert frames.goaways == []


def test_a_flood_of_pings_ends_the_connection(transport, server):
    with RawConnection(server.port) as connection:
        connection.send(HELLO, live(1), *(frame(PING, bytes(8)) for _ in range(PING_COUNT)))
        if transport == "grpc-js":
            for _ in range(PING_COUNT):
                assert connection.read_until(lambda kind, flags, _stream, _payload: kind == PING and flags & ACK)
            pytest.xfail(NO_LIMIT)
        *_, payload = connection.read_until(lambda kind, _flags, _stream, _payload: kind == GOAWAY)
        assert (int.from_bytes(payload[4:8], "big"), payload[8:]) == (ENHANCE_YOUR_CALM, b"too_many_pings")
        assert connection.read_until(lambda *_: False) is None
    with triton.InferenceServerClient(server.address) as client:
        assert client.is_server_live()


def test_pings_between_answers_are_no_flood(server):
    with RawConnection(server.port) as connection:
        connection.send(HELLO)
        for i in range(PING_COUNT):
            connection.send(frame(PING, i.to_bytes(8, "big")), live(2 * i + 1))
            ended = connection.read_until(
                lambda kind, flags, _stream, _payload: kind == GOAWAY or kind == HEADERS and flags & END_STREAM)
            assert ended and ended[0] == HEADERS
        connection.send(frame(PING, b"the last"))
        _, _, _, payload = connection.read_until(
            lambda kind, flags, _stream, payload: kind == PING and flags & ACK and payload == b"the last")
        assert payload == b"the last"


def test_pings_of_the_server_are_answered(transport, start_server, frames):
    any_number = ["--grpc-http2-max-pings-without-data=0"] if transport == "http2" else []
    server = start_server("--grpc-keepalive-time=200", "--grpc-keepalive-timeout=20000", *any_number)
    with Relay(server.port, frames.watch) as relay, triton.InferenceServerClient(relay.address) as client:
        answers = open_stream(client)
        frames.wait_for(lambda: frames.count("up", PING, acks=True) >= 5)
        client.async_stream_infer("add_sub", add_sub_inputs())
        assert answers.next()[1] is None
        client.stop_stream()
        assert relay.connection_count == 1


def test_a_client_that_answers_no_ping_is_cut(start_server):
    server = start_server("--grpc-keepalive-time=200", "--grpc-keepalive-timeout=200")
    with RawConnection(server.port) as connection:
        connection.send(HELLO, headers("ModelStreamInfer"))
        assert connection.read_until(lambda kind, flags, _stream, _payload: kind == PING and not flags & ACK)
        assert connection.read_until(lambda *_: False) is None
    with triton.InferenceServerClient(server.address) as client:
        assert client.is_server_live()
