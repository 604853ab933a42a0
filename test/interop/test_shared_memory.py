"""tritonclient.utils.shared_memory: tensors that do not travel, over both protocols."""

import ctypes
import multiprocessing
import os

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
import tritonclient.utils.shared_memory as shm
from nereid import TEST_MODELS, Nereid
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

OFF = "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable."


@pytest.fixture(scope="module")
def sharing():
    with Nereid(TEST_MODELS, "--exit-on-error=false", "--allow-client-shm=true") as running:
        yield running


class Grpc:
    def __init__(self, server):
        self.client = triton_grpc.InferenceServerClient(server.address)
        self.library = triton_grpc

    def status(self, name=""):
        regions = self.client.get_system_shared_memory_status(name, as_json=True).get("regions", {})
        return {name: (region["key"], int(region.get("offset", 0)), int(region["byte_size"]))
                for name, region in regions.items()}

    def shape_of(self, result, output):
        return tuple(result.get_output(output).shape)


class Http:
    def __init__(self, server):
        self.client = triton_http.InferenceServerClient(server.http_address)
        self.library = triton_http

    def status(self, name=""):
        return {region["name"]: (region["key"], region["offset"], region["byte_size"])
                for region in self.client.get_system_shared_memory_status(name)}

    def shape_of(self, result, output):
        return tuple(result.get_output(output)["shape"])


PROTOCOLS = {"grpc": Grpc, "http": Http}

over_both = pytest.mark.parametrize("speak", PROTOCOLS.values(), ids=PROTOCOLS)


@pytest.fixture
def speaker(speak, sharing):
    speaking = speak(sharing)
    yield speaking
    speaking.client.unregister_system_shared_memory()
    speaking.client.close()


@pytest.fixture
def region():
    """Makes regions of the test's own, which go with it."""
    made = []

    def make(byte_size):
        key = f"/nereid_interop_{os.getpid()}_{len(made)}"
        made.append(shm.create_shared_memory_region(f"r{len(made)}", key, byte_size))
        return made[-1], key
    yield make
    for handle in made:
        shm.destroy_shared_memory_region(handle)


def refusal(call, *args):
    with pytest.raises(InferenceServerException) as caught:
        call(*args)
    return caught.value


@over_both
def test_regions_are_registered_and_unregistered(speaker, region):
    client = speaker.client
    _, key = region(8192)
    client.register_system_shared_memory("a", key, 4096)
    client.register_system_shared_memory("b", key, 4096, offset=4096)
    assert speaker.status() == {"a": (key, 0, 4096), "b": (key, 4096, 4096)}
    assert speaker.status("b") == {"b": (key, 4096, 4096)}
    client.unregister_system_shared_memory("a")
    assert list(speaker.status()) == ["b"]
    client.unregister_system_shared_memory()
    assert speaker.status() == {}


@over_both
@pytest.mark.parametrize("args, text", [
    (("r", "/nobody", 64), "Unable to open shared memory region: '/nobody'"),
    (("r", "", 64), "cannot register shared memory region 'r' - invalid shm key ''"),
    (("r", "/triton_python_backend_shm_region_1", 64),
     "cannot register shared memory region 'r' with key '/triton_python_backend_shm_region_1' as the key contains "
     "the reserved prefix 'triton_python_backend_shm_region_'"),
    (("r", "/../etc/passwd", 64), "Unable to open shared memory region: '/../etc/passwd'"),
])
def test_a_key_that_is_no_object_of_a_client(speaker, args, text):
    assert refusal(speaker.client.register_system_shared_memory, *args).message() == text


@over_both
def test_a_region_is_inside_of_its_object_and_has_a_name_of_its_own(speaker, region):
    register = speaker.client.register_system_shared_memory
    _, key = region(64)
    outside = "failed to register shared memory region 'r': invalid args"
    assert refusal(register, "r", key, 65).message() == outside
    assert refusal(register, "r", key, 2**64 - 1, 1).message() == outside
    register("r", key, 64)
    assert refusal(register, "r", key, 64).message() == "shared memory region 'r' already in manager"
    assert refusal(speaker.status, "nobody").message() == "Unable to find system shared memory region: 'nobody'"


@over_both
def test_memory_of_GPUs(speaker):
    refused = refusal(speaker.client.register_cuda_shared_memory, "g", b"A" * 88, 0, 64)
    assert refused.message() == "failed to register CUDA shared memory region: 'g', GPUs not supported"
    speaker.client.unregister_cuda_shared_memory()


@over_both
def test_it_is_off_by_default(speak, server):
    speaking = speak(server)
    for call, args in [(speaking.client.register_system_shared_memory, ("r", "/k", 64)),
                       (speaking.client.unregister_system_shared_memory, ()),
                       (speaking.client.register_cuda_shared_memory, ("g", b"A" * 88, 0, 64))]:
        assert refusal(call, *args).message() == OFF
    assert speaking.status() == {}
    speaking.client.close()


def shared_input(speaker, name, shape, datatype, *place):
    tensor = speaker.library.InferInput(name, shape, datatype)
    tensor.set_shared_memory(*place)
    return tensor


def shared_output(speaker, name, *place):
    output = speaker.library.InferRequestedOutput(name)
    output.set_shared_memory(*place)
    return output


@over_both
@pytest.mark.parametrize("count", [4, 300_000])
def test_numbers_in_and_out_of_regions(speaker, region, count):
    sent = np.arange(count, dtype=np.float32).reshape(1, count)
    (handle, key), (out_handle, out_key) = region(sent.nbytes), region(sent.nbytes + 64)
    shm.set_shared_memory_region(handle, [sent])
    speaker.client.register_system_shared_memory("in", key, sent.nbytes)
    speaker.client.register_system_shared_memory("out", out_key, sent.nbytes + 64)
    result = speaker.client.infer(
        "identity_fp32",
        [shared_input(speaker, "INPUT0", [1, count], "FP32", "in", sent.nbytes)],
        outputs=[shared_output(speaker, "OUTPUT0", "out", sent.nbytes, 64)])
    assert speaker.shape_of(result, "OUTPUT0") == (1, count)
    assert np.array_equal(shm.get_contents_as_numpy(out_handle, np.float32, [1, count], offset=64), sent)


@over_both
def test_texts_in_and_out_of_regions(speaker, region):
    sent = np.array([["eins".encode(), b"", "zwei drei".encode()]], dtype=np.object_)
    raw = serialize_byte_tensor(sent)
    byte_size = len(raw.item())
    (handle, key), (out_handle, out_key) = region(byte_size), region(256)
    shm.set_shared_memory_region(handle, [raw])
    speaker.client.register_system_shared_memory("in", key, byte_size)
    speaker.client.register_system_shared_memory("out", out_key, 256)
    speaker.client.infer("identity_bytes", [shared_input(speaker, "INPUT0", [1, 3], "BYTES", "in", byte_size)],
                         outputs=[shared_output(speaker, "OUTPUT0", "out", 256)])
    assert np.array_equal(shm.get_contents_as_numpy(out_handle, np.object_, [1, 3]), sent)


@over_both
def test_one_tensor_in_a_region_and_one_in_the_message(speaker, region):
    ones, fours = np.ones((1, 4), np.float32), np.full((1, 4), 4, np.float32)
    handle, key = region(16)
    shm.set_shared_memory_region(handle, [fours])
    speaker.client.register_system_shared_memory("in", key, 16)
    plain = speaker.library.InferInput("INPUT1", [1, 4], "FP32")
    plain.set_data_from_numpy(ones)
    result = speaker.client.infer("add_sub", [shared_input(speaker, "INPUT0", [1, 4], "FP32", "in", 16), plain],
                                  outputs=[shared_output(speaker, "OUTPUT0", "in", 16),
                                           speaker.library.InferRequestedOutput("OUTPUT1")])
    assert np.array_equal(shm.get_contents_as_numpy(handle, np.float32, [1, 4]), fours + ones)
    assert np.array_equal(result.as_numpy("OUTPUT1"), fours - ones)


@over_both
@pytest.mark.parametrize("place, text", [
    (("nobody", 16), "Unable to find shared memory region: 'nobody'"),
    (("in", 16, 64), "Invalid offset for shared memory region: 'in'"),
    (("in", 16, 49), "Invalid offset + byte size for shared memory region: 'in'"),
])
def test_a_place_that_is_not_there(speaker, region, place, text):
    _, key = region(64)
    speaker.client.register_system_shared_memory("in", key, 64)
    tensor = shared_input(speaker, "INPUT0", [1, 4], "FP32", *place)
    assert refusal(speaker.client.infer, "identity_fp32", [tensor]).message() == text


@over_both
def test_an_output_that_does_not_fit(speaker, region):
    _, key = region(64)
    speaker.client.register_system_shared_memory("in", key, 64)
    tensor = shared_input(speaker, "INPUT0", [1, 4], "FP32", "in", 16)
    output = shared_output(speaker, "OUTPUT0", "in", 15)
    refused = refusal(lambda: speaker.client.infer("identity_fp32", [tensor], outputs=[output]))
    assert refused.message() == (
        "shared memory size specified with the request for output 'OUTPUT0' (15 bytes) should be at least 16 bytes "
        "to hold the results")


def test_an_object_of_another_process_that_has_ended(sharing):
    """Its memory is there as long as it is registered, whoever made it and whether its name is still known."""
    key = f"/nereid_interop_other_{os.getpid()}"
    maker = multiprocessing.get_context("spawn").Process(target=make_and_leave, args=(key,))
    maker.start()
    maker.join()
    speaking = Grpc(sharing)
    speaking.client.register_system_shared_memory("in", key, 16)
    ctypes.CDLL(None).shm_unlink(key.encode())
    result = speaking.client.infer("identity_fp32", [shared_input(speaking, "INPUT0", [1, 4], "FP32", "in", 16)])
    assert np.array_equal(result.as_numpy("OUTPUT0"), [[1, 2, 3, 4]])
    speaking.client.unregister_system_shared_memory()
    speaking.client.close()


def make_and_leave(key):
    with open(f"/dev/shm{key}", "wb") as memory:
        memory.write(np.array([1, 2, 3, 4], np.float32).tobytes())
