"""Envoy before the server, as a mesh has it: clients speak to Envoy, Envoy speaks HTTP/2 to the server."""

import asyncio
import json
import shutil
import socket
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from listener import PATIENCE_S, Listener
from messages import Answers, add_sub_inputs, floats, refused, slow_inputs, tensor
from tools import grpcurl

MIB = 2**20


def cluster(server, authority):
    """The server as Envoy sees it, checked by gRPC's health service; over TLS when there is an authority."""
    host, port = server.address.split(":")
    settings = {
        "name": "server", "type": "STATIC", "connect_timeout": "5s",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }},
        "health_checks": [{"timeout": "5s", "interval": "1s", "unhealthy_threshold": 3, "healthy_threshold": 1,
                           "grpc_health_check": {}}],
        "load_assignment": {"cluster_name": "server", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}]}]},
    }
    if authority is not None:
        settings["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": "localhost",
            "common_tls_context": {"alpn_protocols": ["h2"],
                                   "validation_context": {"trusted_ca": {"filename": authority.certificate}}},
        }}
    return settings


def listener(port):
    return {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "codec_type": "HTTP2", "stat_prefix": "clients", "stream_idle_timeout": "0s",
                "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                    {"match": {"prefix": "/"}, "route": {"cluster": "server", "timeout": "0s"}}]}]},
                "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
            },
        }]}],
    }


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def start_envoy(folder, server, authority=None):
    port = free_port()
    config = folder / "envoy.json"
    config.write_text(json.dumps({"static_resources": {"listeners": [listener(port)], "clusters": [cluster(server, authority)]}}))
    program = shutil.which("envoy", path=Path(sys.executable).parent)
    envoy = Listener([program, "--config-path", config, "--concurrency", "1", "--disable-hot-restart",
                      "--log-level", "info"], "(starting workers)")
    envoy.address = f"127.0.0.1:{port}"
    return envoy


@pytest.fixture(scope="module", params=["plain", "TLS"])
def envoy(request, transport, authority, tmp_path_factory):
    over_tls = request.param == "TLS"
    server = request.getfixturevalue("tls_server" if over_tls else "server")
    with start_envoy(tmp_path_factory.mktemp("envoy"), server, authority if over_tls else None) as running:
        # The workers listen soon after they have started; until then a client is refused.
        with grpc.insecure_channel(running.address) as channel:
            grpc.channel_ready_future(channel).result(PATIENCE_S)
        yield running


@pytest.fixture
def client(envoy):
    with triton.InferenceServerClient(envoy.address) as open_client:
        yield open_client


def test_infers(client):
    for _ in range(200):
        assert client.infer("add_sub", add_sub_inputs()).as_numpy("OUTPUT0").tolist() == [[11, 22, 33, 44]]


def test_many_calls_at_once(envoy):
    async def use():
        async with triton_aio.InferenceServerClient(envoy.address) as client:
            return await asyncio.gather(*(client.infer("add_sub", add_sub_inputs()) for _ in range(300)))
    assert len(asyncio.run(use())) == 300


def test_a_large_message(client):
    array = np.random.RandomState(3).randint(0, 256, (1, 32 * MIB), dtype=np.uint8)
    assert np.array_equal(client.infer("identity_uint8", [tensor("INPUT0", array)]).as_numpy("OUTPUT0"), array)


def test_compressed_requests(client):
    zeros = np.zeros((1, MIB), dtype=np.float32)
    result = client.infer("identity_fp32", [tensor("INPUT0", zeros)], compression_algorithm="gzip")
    assert np.array_equal(result.as_numpy("OUTPUT0"), zeros)


def test_errors(client):
    with refused("NOT_FOUND", "Request for unknown model: 'nothing' is not found"):
        client.infer("nothing", [])


def test_deadlines(client):
    with refused("DEADLINE_EXCEEDED"):
        client.infer("slow", slow_inputs(2), client_timeout=0.3)
    assert client.is_server_live()


def test_a_stream(client):
    answers = Answers()
    client.start_stream(answers)
    for i in range(300):
        client.async_stream_infer("identity_fp32", [tensor("INPUT0", floats(i))], request_id=str(i))
    assert [result.get_response().id for result, _ in answers.take(300)] == [str(i) for i in range(300)]
    client.stop_stream()


def test_a_stream_that_is_cancelled(client):
    answers = Answers()
    client.start_stream(answers)
    for _ in range(20):
        client.async_stream_infer("slow", slow_inputs(0.2))
    answers.next()
    client.stop_stream(cancel_requests=True)
    assert client.is_server_live()


def test_grpcurl(envoy):
    assert "inference.GRPCInferenceService" in grpcurl(envoy.address, "list").split()
