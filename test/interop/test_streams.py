"""ModelStreamInfer: many requests on one stream, by tritonclient's blocking and asyncio clients."""

import asyncio

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from messages import (Answers, add_sub_inputs, floats, identity_message, message, parameter, slow_inputs, tensor)

FATAL = {"triton_grpc_error": "true"}


@pytest.fixture
def answers(client):
    """Answers of a stream of `client` that the test has open."""
    collected = Answers()
    client.start_stream(collected)
    yield collected
    client.stop_stream(cancel_requests=True)


def send(client, value, **settings):
    client.async_stream_infer("identity_fp32", [tensor("INPUT0", floats(value))], **settings)


def send_failing(client, **settings):
    """A request that passes every check and fails while the model runs."""
    client.async_stream_infer("fails_at_run", [tensor("INDEX", np.array([99], np.int64))], **settings)


def value_of(result):
    return result.as_numpy("OUTPUT0").tolist()[0][0]


def final_flag(result):
    given = result.get_response().parameters
    assert set(given) == {"triton_final_response"}
    return given["triton_final_response"].bool_param


def test_a_request_and_its_answer(client, answers):
    client.async_stream_infer("add_sub", add_sub_inputs(), request_id="my id")
    result, error = answers.next()
    assert error is None
    response = result.get_response()
    assert (response.model_name, response.model_version, response.id) == ("add_sub", "1", "my id")
    assert [output.name for output in response.outputs] == ["OUTPUT0", "OUTPUT1"]
    assert result.as_numpy("OUTPUT0").tolist() == [[11, 22, 33, 44]]
    assert final_flag(result) is True


def test_only_streams_say_that_a_response_is_the_last(client):
    assert not client.infer("add_sub", add_sub_inputs()).get_response().parameters


def test_many_requests_in_flight_are_answered_in_their_order(client, answers):
    for i in range(500):
        send(client, i, request_id=str(i))
    got = answers.take(500)
    assert [error for _, error in got] == [None] * 500
    assert [value_of(result) for result, _ in got] == list(range(500))
    assert [result.get_response().id for result, _ in got] == [str(i) for i in range(500)]


def test_a_slow_model_holds_back_the_answers_behind_it(client, answers):
    client.async_stream_infer("slow", slow_inputs(0.2), request_id="slow")
    send(client, 1, request_id="fast")
    send_failing(client, request_id="failing")
    client.async_stream_infer("nothing", [], request_id="unknown")
    ids = [result.get_response().id if error is None else None for result, error in answers.take(4)]
    assert ids == ["slow", "fast", None, None]


def test_models_and_versions_mix_on_a_stream(client, answers):
    for version in ["1", "2", "3"]:
        client.async_stream_infer("versions_all", [tensor("INPUT0", floats(0))], model_version=version)
    client.async_stream_infer("add_sub", add_sub_inputs(), outputs=[triton.InferRequestedOutput("OUTPUT1", class_count=1)])
    got = answers.take(4)
    assert [value_of(result) for result, _ in got[:3]] == [1, 2, 3]
    assert got[3][0].as_numpy("OUTPUT1").tolist() == [[b"-9.000000:0"]]


@pytest.mark.parametrize("model, settings, text", [
    ("nothing", {}, "Request for unknown model: 'nothing' is not found"),
    ("identity_fp32", {"model_version": "7"}, "Request for unknown model: 'identity_fp32' version 7 is not found"),
    ("identity_fp32", {"model_version": "x"},
     "failed to get model version from specified version string 'x' (details: stol), version should be an integral value > 0"),
    ("add_sub", {"request_id": "7"},
     "[request id: 7] expected 2 inputs but got 1 inputs for model 'add_sub'. Got input(s) ['INPUT0'], but missing "
     "required input(s) ['INPUT1']. Please provide all required input(s)."),
    ("identity_fp32", {"outputs": [triton.InferRequestedOutput("OUTPUT9")]},
     "unexpected inference output 'OUTPUT9' for model 'identity_fp32'"),
])
@pytest.mark.parametrize("headers", [None, FATAL])
def test_a_rejected_request_is_answered_in_the_stream_which_goes_on(client, headers, model, settings, text):
    answers = Answers()
    client.start_stream(answers, headers=headers)
    client.async_stream_infer(model, [tensor("INPUT0", floats(1))], **settings)
    send(client, 2)
    result, error = answers.next()
    assert result is None
    assert (error.message(), error.status()) == (text, None)
    assert value_of(answers.next()[0]) == 2
    client.stop_stream()
    assert answers.empty()


def test_an_execution_that_fails_is_answered_in_the_stream_which_goes_on(client, answers):
    send_failing(client)
    send(client, 2)
    _, error = answers.next()
    assert error.message().startswith("onnx runtime error ")
    assert value_of(answers.next()[0]) == 2


def test_what_an_error_in_the_stream_carries(stub):
    rejected = message("nothing", request_id="rejected")
    failing = message("fails_at_run", raw=[(99).to_bytes(8, "little")], request_id="failing", version="1")
    failing.inputs.add(name="INDEX", datatype="INT64", shape=[1])
    unversioned = message("fails_at_run")
    unversioned.CopyFrom(failing)
    unversioned.model_version = ""
    first, second, third = stub.ModelStreamInfer(iter([rejected, failing, unversioned]), timeout=20)

    assert first.error_message == "Request for unknown model: 'nothing' is not found"
    assert first.infer_response.id == "rejected"
    assert (first.infer_response.model_name, len(first.infer_response.parameters)) == ("", 0)

    for answer, version in [(second, "1"), (third, "")]:
        assert answer.error_message.startswith("onnx runtime error ")
        response = answer.infer_response
        assert (response.id, response.model_name, response.model_version) == ("failing", "fails_at_run", version)
        assert response.parameters["triton_final_response"].bool_param is True
        assert not response.outputs


def test_with_triton_grpc_error_the_first_failed_execution_ends_the_stream(client):
    answers = Answers()
    client.start_stream(answers, headers=FATAL)
    send(client, 1)
    assert value_of(answers.next()[0]) == 1
    send_failing(client)
    _, error = answers.next()
    assert error.status() == "StatusCode.INTERNAL"
    assert error.message().startswith("onnx runtime error ")
    with pytest.raises(triton.InferenceServerException, match="no longer in valid state"):
        send(client, 2)
    client.stop_stream()

    answers = Answers()
    client.start_stream(answers)
    send(client, 3)
    assert value_of(answers.next()[0]) == 3
    client.stop_stream()


@pytest.mark.parametrize("value", ["True", "TRUE", "1", "false", ""])
def test_any_other_value_of_triton_grpc_error_means_nothing(client, value):
    answers = Answers()
    client.start_stream(answers, headers={"triton_grpc_error": value})
    send_failing(client)
    send(client, 2)
    assert answers.next()[1].status() is None
    assert value_of(answers.next()[0]) == 2
    client.stop_stream()


def test_half_closing_still_brings_all_answers(client):
    answers = Answers()
    client.start_stream(answers)
    client.async_stream_infer("slow", slow_inputs(0.2))
    for i in range(20):
        send(client, i)
    # Closes our half, and waits for the server's.
    client.stop_stream()
    got = answers.take(21)
    assert [error for _, error in got] == [None] * 21
    assert answers.empty()


def test_a_stream_without_requests_ends_well(stub, client):
    assert list(stub.ModelStreamInfer(iter([]), timeout=20)) == []
    client.start_stream(Answers())
    client.stop_stream()


def test_a_final_empty_response_may_be_asked_for_and_never_comes(client, answers):
    send(client, 1, enable_empty_final_response=True)
    send(client, 2)
    got = answers.take(2)
    assert [value_of(result) for result, _ in got] == [1, 2]
    assert [final_flag(result) for result, _ in got] == [True, True]


def test_a_wrong_parameter_is_answered_in_the_stream(stub):
    wrong = identity_message(triton_enable_empty_final_response=parameter(string_param="yes"))
    first, second = stub.ModelStreamInfer(iter([wrong, identity_message()]), timeout=20)
    assert first.error_message == (
        "invalid value type for 'triton_enable_empty_final_response' parameter, expected bool_param.")
    assert second.error_message == ""


def test_cancelling_a_stream_leaves_the_server_serving(client):
    answers = Answers()
    client.start_stream(answers)
    for _ in range(50):
        client.async_stream_infer("slow", slow_inputs(0.5))
    assert answers.next()[1] is None
    client.stop_stream(cancel_requests=True)
    # The fifty would take 25 seconds: those that waited were dropped.
    assert client.infer("slow", slow_inputs(0), client_timeout=10).as_numpy("DONE").tolist() == [0]


def test_a_stream_that_times_out(client):
    answers = Answers()
    client.start_stream(answers, stream_timeout=0.3)
    client.async_stream_infer("slow", slow_inputs(2))
    _, error = answers.next()
    assert error.status() == "StatusCode.DEADLINE_EXCEEDED"
    client.stop_stream()
    client.infer("add_sub", add_sub_inputs())


async def requests_of(count, model="identity_fp32"):
    for i in range(count):
        yield {"model_name": model, "inputs": [tensor("INPUT0", floats(i))], "request_id": str(i)}


async def read_values(client, count, **settings):
    return [value_of(result) async for result, error in client.stream_infer(requests_of(count), **settings)]


def test_a_stream_of_the_asyncio_client(server):
    async def use():
        async with triton_aio.InferenceServerClient(server.address) as client:
            return await read_values(client, 300)
    assert asyncio.run(use()) == list(range(300))


def test_errors_in_a_stream_of_the_asyncio_client(server):
    async def use():
        async def requests():
            yield {"model_name": "nothing", "inputs": []}
            async for request in requests_of(1):
                yield request
        async with triton_aio.InferenceServerClient(server.address) as client:
            return [(result, error) async for result, error in client.stream_infer(requests())]
    (_, error), (result, none) = asyncio.run(use())
    assert error.message() == "Request for unknown model: 'nothing' is not found"
    assert (value_of(result), none) == (0, None)


def test_cancelling_a_stream_of_the_asyncio_client(server):
    async def use():
        async def endless():
            while True:
                yield {"model_name": "slow", "inputs": slow_inputs(0.05)}
                await asyncio.sleep(0.01)
        async with triton_aio.InferenceServerClient(server.address) as client:
            stream = client.stream_infer(endless())
            await anext(stream)
            assert stream.cancel()
            with pytest.raises(asyncio.CancelledError):
                while True:
                    await anext(stream)
            return await client.infer("add_sub", add_sub_inputs(), client_timeout=10)
    assert asyncio.run(use()).as_numpy("OUTPUT0") is not None


def test_a_hundred_streams_at_once(server):
    async def use():
        async with triton_aio.InferenceServerClient(server.address) as client:
            return await asyncio.gather(*(read_values(client, 20) for _ in range(100)))
    assert asyncio.run(use()) == [list(range(20))] * 100


def test_a_reader_that_falls_behind_loses_nothing(server):
    size = 256 * 1024

    async def use():
        async def requests():
            for i in range(60):
                yield {"model_name": "identity_fp32", "inputs": [tensor("INPUT0", np.full((1, size), i, np.float32))]}
        async with triton_aio.InferenceServerClient(server.address) as client:
            stream = client.stream_infer(requests())
            first = await anext(stream)
            # Other calls are served meanwhile, on the same connection.
            for _ in range(20):
                await client.infer("add_sub", add_sub_inputs(), client_timeout=10)
            return [first] + [each async for each in stream]
    got = asyncio.run(use())
    assert [value_of(result) for result, _ in got] == list(range(60))
