"""One channel that holds a hundred streams of inferences, and calls besides."""

import asyncio

import numpy as np
import tritonclient.grpc.aio as triton_aio
from messages import add_sub_inputs, tensor
from wire import Relay

STREAMS = 100
ROUNDS = 5
MIB = 2**20


async def talk(client, name):
    """One stream: each request follows the answer of the one before."""
    answered = asyncio.Semaphore(0)

    async def requests():
        for number in range(ROUNDS):
            yield {"model_name": "add_sub", "inputs": add_sub_inputs(), "request_id": f"{name}.{number}"}
            await answered.acquire()
    ids = []
    async for result, error in client.stream_infer(requests()):
        assert error is None
        ids.append(result.get_response().id)
        answered.release()
    return ids == [f"{name}.{number}" for number in range(ROUNDS)]


async def hold(client, opened, may_end):
    """A stream that has answered once and then rests until all may end."""
    async def requests():
        yield {"model_name": "add_sub", "inputs": add_sub_inputs()}
        await may_end.wait()
    count = 0
    async for _, error in client.stream_infer(requests()):
        assert error is None
        opened.release()
        count += 1
    return count


def test_a_hundred_streams_that_rest_and_calls_on_one_channel(server):
    async def use(address):
        async with triton_aio.InferenceServerClient(address) as client:
            opened, may_end = asyncio.Semaphore(0), asyncio.Event()
            streams = [asyncio.create_task(hold(client, opened, may_end)) for _ in range(STREAMS)]
            for _ in streams:
                await opened.acquire()
            for _ in range(100):
                await client.infer("add_sub", add_sub_inputs())
            large = np.arange(4 * MIB, dtype=np.uint32).view(np.uint8).reshape(1, -1)
            result = await client.infer("identity_uint8", [tensor("INPUT0", large)])
            assert np.array_equal(result.as_numpy("OUTPUT0"), large)
            may_end.set()
            return await asyncio.gather(*streams)
    with Relay(server.port) as relay:
        assert asyncio.run(use(relay.address)) == [1] * STREAMS
        assert relay.connection_count == 1


def test_a_hundred_streams_that_talk_and_calls_on_one_channel(server):
    async def use(address):
        async with triton_aio.InferenceServerClient(address) as client:
            calls = [client.infer("add_sub", add_sub_inputs()) for _ in range(100)]
            return (await asyncio.gather(*(talk(client, name) for name in range(STREAMS)), *calls))[:STREAMS]
    with Relay(server.port) as relay:
        assert asyncio.run(use(relay.address)) == [True] * STREAMS
        assert relay.connection_count == 1
