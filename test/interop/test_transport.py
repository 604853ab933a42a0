"""Compression, large messages, TLS."""

import asyncio

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from certificates import Authority
from messages import Answers, add_sub_inputs, refused, tensor
from nereid import FREE_PORTS, SAMPLE_MODELS, Nereid, run_nereid
from wire import Relay

MIB = 2**20

ZEROS = np.zeros((1, MIB), dtype=np.float32)
"""4 MiB that compress well."""


def send_zeros(client, **settings):
    result = client.infer("identity_fp32", [tensor("INPUT0", ZEROS)], **settings)
    assert np.array_equal(result.as_numpy("OUTPUT0"), ZEROS)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests(server, algorithm):
    with Relay(server.port) as relay, triton.InferenceServerClient(relay.address) as client:
        send_zeros(client, compression_algorithm=algorithm)
        assert relay.bytes_up < MIB < 4 * MIB < relay.bytes_down


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests_of_a_stream(client, server, algorithm):
    answers = Answers()
    client.start_stream(answers, compression_algorithm=algorithm)
    for _ in range(5):
        client.async_stream_infer("identity_fp32", [tensor("INPUT0", ZEROS)])
    assert all(np.array_equal(result.as_numpy("OUTPUT0"), ZEROS) for result, _ in answers.take(5))
    client.stop_stream()

    async def use():
        async def requests():
            yield {"model_name": "identity_fp32", "inputs": [tensor("INPUT0", ZEROS)]}
        async with triton_aio.InferenceServerClient(server.address) as own:
            await own.infer("add_sub", add_sub_inputs(), compression_algorithm=algorithm)
            return [error async for _, error in own.stream_infer(requests(), compression_algorithm=algorithm)]
    assert asyncio.run(use()) == [None]


def test_a_compressed_request_that_is_refused(client):
    with refused("NOT_FOUND"):
        client.infer("nothing", [tensor("INPUT0", ZEROS)], compression_algorithm="gzip")


@pytest.fixture(scope="module", params=["low", "medium", "high"])
def compressing(request):
    with Nereid(SAMPLE_MODELS, f"--grpc-infer-response-compression-level={request.param}") as running:
        yield running


def test_compressed_responses(compressing):
    with Relay(compressing.port) as relay, triton.InferenceServerClient(relay.address) as client:
        send_zeros(client)
        assert relay.bytes_down < MIB
        send_zeros(client, compression_algorithm="gzip")
        # Errors, and calls that are no inference, are as ever.
        with refused("NOT_FOUND", "Request for unknown model: 'nothing' is not found"):
            client.infer("nothing", [])
        assert client.get_server_metadata().name == "triton"


def test_compressed_responses_of_a_stream_keep_their_order(compressing):
    with Relay(compressing.port) as relay, triton.InferenceServerClient(relay.address) as client:
        answers = Answers()
        client.start_stream(answers)
        for i in range(20):
            sent = np.zeros((1, MIB if i % 2 == 0 else 1), dtype=np.float32)
            client.async_stream_infer("identity_fp32", [tensor("INPUT0", sent)], request_id=str(i))
        client.stop_stream()
        assert [result.get_response().id for result, _ in answers.take(20)] == [str(i) for i in range(20)]
        assert relay.bytes_down < 4 * MIB


def test_a_client_that_takes_no_compression_gets_none(compressing):
    identity_only = [("grpc.compression_enabled_algorithms_bitset", 1), ("grpc.max_receive_message_length", -1)]
    with Relay(compressing.port) as relay, \
            triton.InferenceServerClient(relay.address, channel_args=identity_only) as client:
        send_zeros(client)
        assert relay.bytes_down > 4 * MIB


def test_64_mib_there_and_back(client):
    array = np.random.RandomState(3).randint(0, 256, (1, 64 * MIB), dtype=np.uint8)
    result = client.infer("identity_uint8", [tensor("INPUT0", array)])
    assert np.array_equal(result.as_numpy("OUTPUT0"), array)


def test_large_messages_on_a_stream(client):
    answers = Answers()
    client.start_stream(answers)
    arrays = [np.full((1, 16 * MIB), i, dtype=np.uint8) for i in range(4)]
    for array in arrays:
        client.async_stream_infer("identity_uint8", [tensor("INPUT0", array)])
    client.stop_stream()
    for array, (result, _) in zip(arrays, answers.take(4)):
        assert np.array_equal(result.as_numpy("OUTPUT0"), array)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"), "authority")


@pytest.fixture(scope="module")
def server_files(authority):
    return authority.issue("server")


def tls_flags(server_files, *more):
    certificate, key = server_files
    return [f"--grpc-server-cert={certificate}", f"--grpc-server-key={key}", *more]


def infer_over_tls(address, authority, **files):
    with triton.InferenceServerClient(address, ssl=True, root_certificates=authority.certificate, **files) as client:
        result = client.infer("identity_fp32", [tensor("INPUT0", ZEROS)], client_timeout=20)
        assert np.array_equal(result.as_numpy("OUTPUT0"), ZEROS)


@pytest.mark.parametrize("switch", ["--grpc-use-ssl=true", "--grpc-use-ssl-mutual=false"])
def test_tls(authority, server_files, switch):
    with Nereid(SAMPLE_MODELS, *tls_flags(server_files, switch)) as running:
        infer_over_tls(running.address, authority)
        with triton.InferenceServerClient(running.address) as plain, refused("UNAVAILABLE"):
            plain.is_server_live()


def test_a_client_that_does_not_trust_the_server(authority, server_files, tmp_path):
    stranger = Authority(tmp_path, "stranger")
    with Nereid(SAMPLE_MODELS, *tls_flags(server_files, "--grpc-use-ssl=true")) as running:
        with refused("UNAVAILABLE"):
            infer_over_tls(running.address, stranger)
        infer_over_tls(running.address, authority)


def test_mutual_tls(authority, server_files, tmp_path):
    flags = tls_flags(server_files, "--grpc-use-ssl-mutual=true", f"--grpc-root-cert={authority.certificate}")
    with Nereid(SAMPLE_MODELS, *flags) as running:
        certificate, key = authority.issue("client")
        infer_over_tls(running.address, authority, certificate_chain=certificate, private_key=key)
        with refused("UNAVAILABLE"):
            infer_over_tls(running.address, authority)
        certificate, key = Authority(tmp_path, "stranger").issue("intruder")
        with refused("UNAVAILABLE"):
            infer_over_tls(running.address, authority, certificate_chain=certificate, private_key=key)


def test_a_stream_over_tls(authority, server_files):
    with Nereid(SAMPLE_MODELS, *tls_flags(server_files, "--grpc-use-ssl=true")) as running, \
            open(authority.certificate, "rb") as trusted:
        credentials = grpc.ssl_channel_credentials(trusted.read())
        with triton.InferenceServerClient(running.address, creds=credentials, ssl=False) as client:
            answers = Answers()
            client.start_stream(answers)
            for _ in range(10):
                client.async_stream_infer("identity_fp32", [tensor("INPUT0", ZEROS)])
            client.stop_stream()
            assert [error for _, error in answers.take(10)] == [None] * 10


@pytest.mark.parametrize("flags, flag", [
    (["--grpc-use-ssl=true"], "--grpc-server-cert"),
    (["--grpc-use-ssl=true", "--grpc-server-cert=/no/such.pem", "--grpc-server-key=/no/such.key"], "--grpc-server-cert"),
    (["--grpc-use-ssl=true", "--grpc-server-cert=x.pem"], "--grpc-server-key"),
    (["--grpc-use-ssl-mutual=true", "--grpc-server-cert=x.pem", "--grpc-server-key=x.key"], "--grpc-root-cert"),
])
def test_tls_without_its_files(flags, flag):
    ended = run_nereid("serve", f"--model-repository={SAMPLE_MODELS}", *FREE_PORTS, *flags)
    assert ended.returncode == 1
    assert flag in ended.stderr
