"""Asynchronous calls, deadlines, cancellation, and many clients at once."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from messages import Answers, add_sub_inputs, floats, refused, slow_inputs, tensor

SUM = [[11, 22, 33, 44]]


@pytest.fixture
def connected_client(client):
    """Calls that are made before there is a connection leave in any order; those of this client keep theirs."""
    assert client.is_server_live()
    return client


def infer_value(client, value, **settings):
    result = client.infer("identity_fp32", [tensor("INPUT0", floats(value))], **settings)
    return result.as_numpy("OUTPUT0").tolist()[0][0]


def test_asynchronous_calls(client):
    answers = Answers()
    for i in range(200):
        client.async_infer("identity_fp32", [tensor("INPUT0", floats(i))], answers, request_id=str(i))
    got = answers.take(200)
    assert [error for _, error in got] == [None] * 200
    assert sorted(int(result.get_response().id) for result, _ in got) == list(range(200))
    for result, _ in got:
        assert result.as_numpy("OUTPUT0").tolist() == [[float(result.get_response().id)]]


def test_an_asynchronous_call_that_fails(client):
    answers = Answers()
    client.async_infer("nothing", [], answers)
    result, error = answers.next()
    assert result is None
    assert (error.status(), error.message()) == (
        "StatusCode.NOT_FOUND", "Request for unknown model: 'nothing' is not found")


def test_the_asyncio_client(server):
    async def use():
        async with triton_aio.InferenceServerClient(server.address) as client:
            assert await client.is_server_live()
            assert await client.is_model_ready("add_sub")
            assert (await client.get_server_metadata()).name == "triton"
            assert (await client.get_model_config("add_sub")).config.name == "add_sub"
            assert (await client.get_model_metadata("add_sub")).versions == ["1"]
            with refused("NOT_FOUND", "Request for unknown model: 'nothing' is not found"):
                await client.infer("nothing", [])
            return await asyncio.gather(*(client.infer("add_sub", add_sub_inputs()) for _ in range(200)))
    results = asyncio.run(use())
    assert all(result.as_numpy("OUTPUT0").tolist() == SUM for result in results)


def test_a_deadline_that_passes_while_the_model_runs(client):
    with refused("DEADLINE_EXCEEDED"):
        client.infer("slow", slow_inputs(1), client_timeout=0.2)
    assert infer_value(client, 1) == 1
    # The run that nobody waits for goes to its end, then the next one has its turn.
    assert client.infer("slow", slow_inputs(0)).as_numpy("DONE").tolist() == [0]


def test_a_deadline_that_passes_in_the_queue(connected_client):
    client, answers = connected_client, Answers()
    client.async_infer("slow", slow_inputs(1), answers, request_id="runs")
    for _ in range(20):
        client.async_infer("slow", slow_inputs(5), answers, client_timeout=0.2)
    expired = [error for result, error in answers.take(21) if result is None]
    assert {error.status() for error in expired} == {"StatusCode.DEADLINE_EXCEEDED"}
    assert len(expired) == 20
    # Had those that waited been run, this would take 100 seconds.
    assert client.infer("slow", slow_inputs(0), client_timeout=30).as_numpy("DONE").tolist() == [0]


def test_a_deadline_that_is_kept(client):
    assert infer_value(client, 3, client_timeout=30) == 3


def test_cancelling_a_call_that_waits(connected_client):
    client, running, waiting = connected_client, Answers(), Answers()
    client.async_infer("slow", slow_inputs(0.5), running)
    calls = [client.async_infer("slow", slow_inputs(5), waiting) for _ in range(10)]
    for call in calls:
        call.cancel()
    for _, error in waiting.take(10):
        assert (error.status(), error.message()) == ("StatusCode.CANCELLED", "Locally cancelled by application!")
    assert running.next()[1] is None
    assert client.infer("slow", slow_inputs(0), client_timeout=30).as_numpy("DONE").tolist() == [0]


def test_cancelling_a_call_that_runs(server):
    async def use():
        async with triton_aio.InferenceServerClient(server.address) as client:
            call = asyncio.create_task(client.infer("slow", slow_inputs(0.5)))
            # Sent behind it on the same connection, so the slow one is in the server's hands.
            await client.infer("add_sub", add_sub_inputs())
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return await client.infer("slow", slow_inputs(0), client_timeout=30)
    assert asyncio.run(use()).as_numpy("DONE").tolist() == [0]


def test_many_calls_that_expire_do_not_disturb_the_others(server):
    async def use():
        async with triton_aio.InferenceServerClient(server.address) as client:
            expiring = [client.infer("slow", slow_inputs(0.01), client_timeout=0.05) for _ in range(100)]
            lasting = [client.infer("add_sub", add_sub_inputs()) for _ in range(100)]
            return await asyncio.gather(*expiring, *lasting, return_exceptions=True)
    ended = asyncio.run(use())
    assert all(result.as_numpy("OUTPUT0").tolist() == SUM for result in ended[100:])
    for error in ended[:100]:
        if isinstance(error, Exception):
            assert error.status() == "StatusCode.DEADLINE_EXCEEDED"


def test_two_instances_run_at_once(client):
    answers = Answers()
    client.async_infer("slow_pair", slow_inputs(2), answers, request_id="long")
    client.async_infer("slow_pair", slow_inputs(0), answers, request_id="short")
    assert [result.get_response().id for result, _ in answers.take(2)] == ["short", "long"]


def test_several_threads_on_one_channel(client):
    def work(thread):
        return [infer_value(client, thread * 100 + i) for i in range(50)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [[thread * 100 + i for i in range(50)] for thread in range(8)]


def test_several_threads_each_with_a_channel(server):
    start = threading.Barrier(8)

    def work(thread):
        # Without an argument of its own a channel would share its connection with the others.
        with triton.InferenceServerClient(server.address, channel_args=[("thread", thread)]) as own:
            start.wait()
            return [infer_value(own, thread * 100 + i) for i in range(50)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [[thread * 100 + i for i in range(50)] for thread in range(8)]


def test_channels_that_come_and_go(server):
    for i in range(50):
        with triton.InferenceServerClient(server.address, channel_args=[("channel", i)]) as own:
            assert infer_value(own, i) == i


def test_models_are_served_side_by_side(client):
    """A busy model does not keep the others from answering."""
    slow = Answers()
    client.async_infer("slow", slow_inputs(1), slow)
    for i in range(20):
        assert infer_value(client, i) == i
    assert slow.empty()
    assert slow.next()[1] is None


def test_results_do_not_change_behind_the_clients_back(client):
    results = [client.infer("identity_int32", [tensor("INPUT0", np.full((1, 1000), i, np.int32))]) for i in range(50)]
    for i, result in enumerate(results):
        assert (result.as_numpy("OUTPUT0") == i).all()
