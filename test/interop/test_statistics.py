"""What ModelStatistics counts, and what it does not."""

import asyncio
import time

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from messages import Answers, add_sub_inputs, floats, outputs, refused, slow_inputs, tensor
from nereid import TEST_MODELS, Nereid

COMPUTE = ["compute_input", "compute_infer", "compute_output"]
DURATIONS = ["success", "fail", "queue", *COMPUTE, "cache_hit", "cache_miss"]
PATIENCE_S = 30


@pytest.fixture(scope="module")
def counted():
    """A server of which no other module asks anything."""
    with Nereid(TEST_MODELS, "--exit-on-error=false") as running:
        yield running


@pytest.fixture
def client(counted):
    with triton.InferenceServerClient(counted.address) as open_client:
        # Calls that are made before there is a connection leave in any order.
        assert open_client.is_server_live()
        yield open_client


def statistics(client, model, version="1"):
    [one] = client.get_inference_statistics(model, version).model_stats
    assert (one.name, one.version) == (model, version)
    return one


def counts(client, model, version="1"):
    one = statistics(client, model, version)
    found = {"inferences": one.inference_count, "executions": one.execution_count}
    found |= {name: getattr(one.inference_stats, name).count for name in DURATIONS}
    for batch in one.batch_stats:
        assert len({getattr(batch, name).count for name in COMPUTE}) == 1
        found[batch.batch_size] = batch.compute_infer.count
    return found


class Counting:
    """Tells what was counted of a version since this exists, without what stands still."""

    def __init__(self, client, model, version="1"):
        self._asked = (client, model, version)
        self._before = counts(*self._asked)

    @property
    def more(self):
        now = counts(*self._asked)
        assert self._before.keys() <= now.keys()
        grown = {name: count - self._before.get(name, 0) for name, count in now.items()}
        return {name: count for name, count in grown.items() if count != 0}

    def wait_for(self, **wanted):
        give_up = time.monotonic() + PATIENCE_S
        while (more := self.more) != {**more, **wanted}:
            assert time.monotonic() < give_up, f"counted {more}, never {wanted}"
        return more


def successes(requests, inferences, batches):
    """What so many requests are counted as that all succeeded, in batches of these sizes."""
    return {"inferences": inferences, "executions": sum(batches.values()), "success": requests, "queue": requests,
            **dict.fromkeys(COMPUTE, requests), **batches}


def infer_rows(client, rows, **settings):
    client.infer("identity_fp32", [tensor("INPUT0", np.zeros((rows, 2), np.float32))], **settings)


def fail(client):
    """Passes every check and fails while the model runs."""
    client.infer("fails_at_run", [tensor("INDEX", np.array([99], np.int64))])


def test_every_field_is_there_before_anything_ran(client):
    one = statistics(client, "identity_int8")
    assert (one.last_inference, one.inference_count, one.execution_count) == (0, 0, 0)
    assert one.HasField("inference_stats")
    for name in DURATIONS:
        assert one.inference_stats.HasField(name)
        duration = getattr(one.inference_stats, name)
        assert (duration.count, duration.ns) == (0, 0)
    assert (len(one.batch_stats), len(one.memory_usage), len(one.response_stats)) == (0, 0, 0)


def test_statistics_as_json(client):
    as_json = client.get_inference_statistics("identity_int8", as_json=True)
    assert as_json == {"model_stats": [
        {"name": "identity_int8", "version": "1", "inference_stats": {name: {} for name in DURATIONS}}]}
    client.infer("scalar_fp32", [tensor("INPUT0", np.zeros([1], np.float32))])
    [one] = client.get_inference_statistics("scalar_fp32", as_json=True)["model_stats"]
    assert (one["inference_count"], one["execution_count"]) == ("1", "1")
    assert one["inference_stats"]["success"]["count"] == "1"
    assert int(one["inference_stats"]["success"]["ns"]) > 0
    assert [batch["batch_size"] for batch in one["batch_stats"]] == ["1"]


def test_statistics_for_the_asyncio_client(counted):
    async def use():
        async with triton_aio.InferenceServerClient(counted.address) as client:
            await client.infer("add_sub", add_sub_inputs())
            return await client.get_inference_statistics("add_sub")
    [one] = asyncio.run(use()).model_stats
    assert one.inference_stats.success.count > 0


def test_an_empty_name_asks_for_every_version(client):
    everything = [(one.name, one.version) for one in client.get_inference_statistics().model_stats]
    ready = [(each.name, each.version) for each in client.get_model_repository_index().models
             if each.state == "READY"]
    assert everything == sorted(ready, key=lambda each: (each[0], int(each[1])))
    assert {("versions_all", "1"), ("versions_all", "2"), ("versions_all", "3")} <= set(everything)
    assert [(one.name, one.version) for one in client.get_inference_statistics("", "7").model_stats] == everything


def test_statistics_of_what_is_not_served(client):
    with refused("INVALID_ARGUMENT", "requested model 'nothing' is not available"):
        client.get_inference_statistics("nothing")
    with refused("INVALID_ARGUMENT", "requested model 'nothing' is not available"):
        client.get_inference_statistics("nothing", "1")
    with refused("INVALID_ARGUMENT", "requested model version is not available for model 'versions_specific'"):
        client.get_inference_statistics("versions_specific", "2")


def test_statistics_of_a_model_that_did_not_load(broken_client):
    with refused("INVALID_ARGUMENT", "requested model 'missing_file' is not available"):
        broken_client.get_inference_statistics("missing_file")
    assert [one.name for one in broken_client.get_inference_statistics().model_stats] == ["good"]


def test_requests_one_after_another(client):
    counting = Counting(client, "identity_fp32")
    for rows in [1, 2, 3]:
        infer_rows(client, rows)
    assert counting.more == successes(3, 6, {1: 1, 2: 1, 3: 1})
    infer_rows(client, 3)
    infer_rows(client, 8)
    assert counting.more == successes(5, 17, {1: 1, 2: 1, 3: 2, 8: 1})
    sizes = [batch.batch_size for batch in statistics(client, "identity_fp32").batch_stats]
    assert sizes == sorted(sizes)


def test_times_of_requests_that_ran_alone(client):
    """Each of them is the one request of its batch, so what batches took is what requests took."""
    for value in range(5):
        client.infer("identity_fp64", [tensor("INPUT0", np.full((1, value + 1), 0.5))])
    one = statistics(client, "identity_fp64")
    request = one.inference_stats
    for name in COMPUTE:
        assert getattr(request, name).ns == sum(getattr(batch, name).ns for batch in one.batch_stats)
    assert request.compute_infer.ns > 0
    # Each step of a request is rounded to a nanosecond of its own.
    steps = request.queue.ns + sum(getattr(request, name).ns for name in COMPUTE)
    assert steps <= request.success.ns + 4 * request.success.count


def test_requests_all_at_once(client):
    counting, answers = Counting(client, "identity_fp32"), Answers()
    for value in range(100):
        client.async_infer("identity_fp32", [tensor("INPUT0", floats(value))], answers)
    assert [error for _, error in answers.take(100)] == [None] * 100
    more = counting.more
    batches = {size: count for size, count in more.items() if isinstance(size, int)}
    assert sum(size * count for size, count in batches.items()) == 100
    assert more == successes(100, 100, batches)


def test_requests_of_a_stream(client):
    counting, answers = Counting(client, "identity_fp32"), Answers()
    client.start_stream(answers)
    for value in range(3):
        client.async_stream_infer("identity_fp32", [tensor("INPUT0", floats(value))])
        assert answers.next()[1] is None
    client.stop_stream()
    assert counting.more == successes(3, 3, {1: 3})


def test_a_model_that_does_not_batch_counts_one_a_request(client):
    counting = Counting(client, "nobatch_fp32")
    client.infer("nobatch_fp32", [tensor("INPUT0", np.zeros((2, 5), np.float32))])
    assert counting.more == successes(1, 1, {1: 1})


def test_versions_count_for_themselves(client):
    counting = {version: Counting(client, "versions_all", version) for version in ["1", "2", "3"]}
    for version, requests in {"1": 2, "3": 1}.items():
        for _ in range(requests):
            client.infer("versions_all", [tensor("INPUT0", floats(0))], model_version=version)
    assert {version: each.more.get("success", 0) for version, each in counting.items()} == {"1": 2, "2": 0, "3": 1}


def test_the_time_of_the_last_inference(client):
    before_ms = time.time_ns() // 1_000_000
    infer_rows(client, 1)
    last_ms = statistics(client, "identity_fp32").last_inference
    assert before_ms <= last_ms <= time.time_ns() // 1_000_000
    infer_rows(client, 1)
    assert statistics(client, "identity_fp32").last_inference >= last_ms


def test_runs_that_fail(client):
    counting = Counting(client, "fails_at_run")
    client.infer("fails_at_run", [tensor("INDEX", np.array([0], np.int64))])
    before = statistics(client, "fails_at_run")
    for _ in range(2):
        with refused("INTERNAL"):
            fail(client)
    assert counting.more == {**successes(1, 1, {1: 1}), "fail": 2}
    after = statistics(client, "fails_at_run")
    assert after.inference_stats.fail.ns > before.inference_stats.fail.ns
    assert after.inference_stats.success == before.inference_stats.success
    assert after.last_inference == before.last_inference


def test_runs_that_fail_in_a_stream(client):
    counting, answers = Counting(client, "fails_at_run"), Answers()
    client.start_stream(answers)
    client.async_stream_infer("fails_at_run", [tensor("INDEX", np.array([99], np.int64))])
    assert answers.next()[1] is not None
    client.stop_stream()
    assert counting.more == {"fail": 1}


def test_classes_that_cannot_be_made_do_not_undo_the_inference(client):
    """They are made of the answer, by the front end."""
    counting = Counting(client, "identity_bytes")
    with refused("INVALID_ARGUMENT", "class result not available for output due to unsupported type 'BYTES'"):
        client.infer("identity_bytes", [tensor("INPUT0", np.array([["a"]], np.object_))],
                     outputs=[triton.InferRequestedOutput("OUTPUT0", class_count=1)])
    assert counting.more == successes(1, 1, {1: 1})


REFUSED = {
    "a batch that is too large": lambda client: infer_rows(client, 9),
    "a type": lambda client: client.infer("identity_fp32", [tensor("INPUT0", np.zeros((1, 1), np.int32))]),
    "a shape": lambda client: client.infer("identity_fp32", [tensor("INPUT0", np.zeros(3, np.float32))]),
    "a name of an input": lambda client: client.infer("identity_fp32", [tensor("OTHER", floats(1))]),
    "no input": lambda client: client.infer("identity_fp32", []),
    "a name of an output": lambda client: infer_rows(client, 1, outputs=outputs("OTHER")),
    "a version": lambda client: infer_rows(client, 1, model_version="7"),
    "a text that is no version": lambda client: infer_rows(client, 1, model_version="x"),
    "a model": lambda client: client.infer("nothing", [tensor("INPUT0", floats(1))]),
    "a parameter": lambda client: infer_rows(client, 1, sequence_id="x" * 129),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_request_that_is_refused_counts_nowhere(client, what):
    before = client.get_inference_statistics()
    with pytest.raises(triton.InferenceServerException):
        REFUSED[what](client)
    assert client.get_inference_statistics() == before


def test_calls_that_are_cancelled_while_they_wait(client):
    counting, running, waiting = Counting(client, "slow"), Answers(), Answers()
    client.async_infer("slow", slow_inputs(1), running)
    calls = [client.async_infer("slow", slow_inputs(20), waiting) for _ in range(3)]
    # Sent behind them on the same connection, so they are in the server's hands.
    client.infer("add_sub", add_sub_inputs())
    for call in calls:
        call.cancel()
    # They fail when they are cancelled, before what runs has ended.
    assert counting.wait_for(fail=3) == {"fail": 3}
    assert running.next()[1] is None
    assert counting.more == {**successes(1, 1, {1: 1}), "fail": 3}


def test_calls_whose_deadline_passes_while_they_wait(client):
    counting, running, waiting = Counting(client, "slow"), Answers(), Answers()
    client.async_infer("slow", slow_inputs(2), running)
    for _ in range(3):
        client.async_infer("slow", slow_inputs(20), waiting, client_timeout=0.5)
    assert [error.status() for _, error in waiting.take(3)] == ["StatusCode.DEADLINE_EXCEEDED"] * 3
    assert running.next()[1] is None
    assert counting.wait_for(fail=3, success=1) == {**successes(1, 1, {1: 1}), "fail": 3}


def test_a_call_that_is_cancelled_while_it_runs_goes_to_its_end(client):
    """Nothing ends a run, so its answer is made, and dropped: it is no failure."""
    counting, answers = Counting(client, "slow"), Answers()
    call = client.async_infer("slow", slow_inputs(0.5), answers)
    client.infer("add_sub", add_sub_inputs())
    call.cancel()
    assert answers.next()[1] is not None
    assert counting.wait_for(success=1) == successes(1, 1, {1: 1})
