"""Connections that end in the middle of everything: the server lives, serves others and leaves in order."""

import signal
import socket
import ssl
import time
from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as triton
from frames import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, PREFACE, STREAMS,
                    RawConnection, data, frame, grpc_message, header_block, headers, settings, window)
from listener import PATIENCE_S
from messages import add_sub_inputs, declared, message
from tritonclient.grpc import service_pb2

ROUNDS = 10
"""How often each cut is made before the good call."""

HELLO = PREFACE + settings()
LIVE = headers("ServerLive") + data(grpc_message(service_pb2.ServerLiveRequest()), flags=END_STREAM)
BIG = grpc_message(message("big_out", declared("N", "INT64", [1]), raw=[(2**20).to_bytes(8, "little")]))
"""A small request with an answer of 4 MiB."""

LONG = grpc_message(message("identity_uint8", declared("INPUT0", "UINT8", [1, 2**20]), raw=[bytes(2**20)]))
"""A request longer than what is sent of it."""

SLOW = grpc_message(message("slow", declared("ITERATIONS", "INT64", [1]), raw=[(20_000).to_bytes(8, "little")]))
BLOCK = header_block("ModelInfer")
WIDE = PREFACE + settings(window=(INITIAL_WINDOW_SIZE, 2**31 - 1)) + window(2**31 - 1 - 65535)


def streams(count=STREAMS):
    return range(1, 2 * count, 2)


def first_answer(connection):
    assert connection.read_until(lambda kind, _flags, _stream, _payload: kind == DATA)


def whole_answer(connection):
    assert connection.read_until(lambda kind, flags, _stream, _payload: kind == HEADERS and flags & END_STREAM)


def nothing_awaited(_connection):
    pass


STAGES = {
    "nothing sent": (b"", nothing_awaited),
    "inside the preface": (PREFACE[:10], nothing_awaited),
    "behind the preface": (PREFACE, nothing_awaited),
    "inside the head of settings": (HELLO[:-4], nothing_awaited),
    "behind settings": (HELLO, lambda connection: connection.read_frame()),
    "inside the head of headers": (HELLO + LIVE[:5], nothing_awaited),
    "inside headers": (HELLO + LIVE[:60], nothing_awaited),
    "before a continuation": (HELLO + frame(HEADERS, BLOCK[:40], 0, 1), nothing_awaited),
    "inside a continuation": (HELLO + frame(HEADERS, BLOCK[:40], 0, 1)
                              + frame(CONTINUATION, BLOCK[40:], END_HEADERS, 1)[:20], nothing_awaited),
    "behind headers": (HELLO + headers("ModelInfer"), nothing_awaited),
    "inside the prefix of a message": (HELLO + headers("ModelInfer") + data(LONG[:3]), nothing_awaited),
    "inside a frame of data": (HELLO + headers("ModelInfer") + data(LONG[:9000])[:5000], nothing_awaited),
    "inside a message": (HELLO + headers("ModelInfer") + data(LONG[:50_000]), nothing_awaited),
    "behind a message, the request open": (HELLO + headers("ModelInfer") + data(SLOW), nothing_awaited),
    "while a model runs": (HELLO + headers("ModelInfer") + data(SLOW, flags=END_STREAM), nothing_awaited),
    "before an answer is read": (HELLO + LIVE, nothing_awaited),
    "between two calls": (HELLO + LIVE, whole_answer),
    "while an answer flows": (WIDE + headers("ModelInfer") + data(BIG, flags=END_STREAM), first_answer),
    "while an answer waits for the window": (HELLO + headers("ModelInfer") + data(BIG, flags=END_STREAM), first_answer),
    "while a stream of inferences rests": (HELLO + headers("ModelStreamInfer"), nothing_awaited),
    "while a stream of inferences runs": (HELLO + headers("ModelStreamInfer") + data(SLOW * 10), first_answer),
    "inside a message of a stream": (HELLO + headers("ModelStreamInfer") + data(SLOW + SLOW[:9]), first_answer),
    "while a stream of inferences ends": (HELLO + headers("ModelStreamInfer") + data(SLOW * 3, flags=END_STREAM),
                                          first_answer),
    "with many streams open": (HELLO + b"".join(headers("ModelStreamInfer", i) + data(SLOW, i) for i in streams()),
                               first_answer),
    "with many answers in flight": (
        WIDE + b"".join(headers("ModelInfer", i) + data(BIG, i, END_STREAM) for i in streams()),
        first_answer),
}


def check_alive(running):
    assert running.alive, running.log
    with triton.InferenceServerClient(running.address) as client:
        result = client.infer("add_sub", add_sub_inputs(), client_timeout=30)
        assert np.array_equal(result.as_numpy("OUTPUT0"), [[11, 22, 33, 44]])


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("stage", STAGES)
def test_cut(server, stage, how):
    sent, wait = STAGES[stage]
    for _ in range(ROUNDS):
        with RawConnection(server.port) as connection:
            connection.send(sent)
            wait(connection)
            connection.cut(how)
    check_alive(server)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_cut_at_every_byte_of_a_session(server, how):
    session = HELLO + LIVE + headers("ModelInfer", 3) + data(SLOW, 3, END_STREAM)
    for length in range(len(session) + 1):
        with RawConnection(server.port) as connection:
            connection.send(session[:length])
            connection.cut(how)
    check_alive(server)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_cut_inside_the_handshake_of_TLS(tls_server, authority, how):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.set_alpn_protocols(["h2"])
    outgoing = ssl.MemoryBIO()
    shaking = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        shaking.do_handshake()
    hello = outgoing.read()
    for length in range(0, len(hello) + 1, 16):
        with RawConnection(tls_server.port) as connection:
            connection.send(hello[:length])
            connection.cut(how)
    with socket.create_connection(("127.0.0.1", tls_server.port)) as plain:
        secured = context.wrap_socket(plain, server_hostname="localhost")
        secured.sendall(HELLO + LIVE[:30])
        secured.close()
    assert tls_server.alive, tls_server.log
    with open(authority.certificate, "rb") as trusted, triton.InferenceServerClient(
            tls_server.address, ssl=True, root_certificates=trusted.name) as client:
        assert client.is_server_live()


def open_connections(port):
    """Connections that the server's side of the system still has: established, or closed by the client alone."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(local.endswith(f":{port:04X}") and state in ("01", "08") for _, local, _, state, *_ in lines)


def cut_once_at_each_stage(running, how):
    for sent, wait in STAGES.values():
        with RawConnection(running.port) as connection:
            connection.send(sent)
            wait(connection)
            connection.cut(how)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="there is no /proc/net/tcp")
@pytest.mark.parametrize("how", ["close", "reset"])
def test_nothing_is_left_of_cut_connections(start_server, how):
    running = start_server()
    cut_once_at_each_stage(running, how)
    give_up = time.monotonic() + PATIENCE_S
    while open_connections(running.port) > 0 and time.monotonic() < give_up:
        check_alive(running)
    assert open_connections(running.port) == 0


@pytest.mark.parametrize("how", ["close", "reset"])
def test_cut_connections_do_not_hold_the_end_of_the_server(start_server, how):
    running = start_server()
    cut_once_at_each_stage(running, how)
    check_alive(running)
    running.signal(signal.SIGTERM)
    assert running.wait_for_exit() == 0
