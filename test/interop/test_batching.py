"""Models with a dynamic batcher, under tritonclient."""

import asyncio
import re

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from messages import ITERATIONS_PER_SECOND, Answers, outputs, refused, tensor
from nereid import TEST_MODELS, Nereid

EXACT = 'parameters { key: "nereid.batch_delay" value: { string_value: "exact" } }'
DELAYED = f"dynamic_batching {{ preferred_batch_size: [ 4 ] max_queue_delay_microseconds: 300000 }}\n{EXACT}"

SERVED = {
    # name: (graph, max_batch_size or None, settings)
    "pairs": ("row_pairs", None, "dynamic_batching { max_queue_delay_microseconds: 500 }"),
    "delayed": ("row_pairs", None, DELAYED),
    "lookup": ("row_lookup", None, "dynamic_batching { max_queue_delay_microseconds: 1000 }"),
    "strings": ("identity_bytes", None, "dynamic_batching { max_queue_delay_microseconds: 500 }"),
    "levels": ("row_slow", 1, "dynamic_batching { priority_levels: 3 default_priority_level: 2 }"),
    "timed": ("row_slow", 1, "dynamic_batching { default_queue_policy {"
              " default_timeout_microseconds: 600000000 allow_timeout_override: true max_queue_size: 3 } }"),
    "plain_queue": ("row_slow", 1, "dynamic_batching { }"),
}


@pytest.fixture(scope="module")
def batching(tmp_path_factory):
    """Serves test models with batchers of this module's own."""
    repository = tmp_path_factory.mktemp("batching")
    for name, (graph, largest, settings) in SERVED.items():
        (repository / name).mkdir()
        (repository / name / "1").symlink_to(TEST_MODELS / graph / "1")
        config = (TEST_MODELS / graph / "config.pbtxt").read_text()
        config = re.sub(r"^name: .*$", f'name: "{name}"', config, flags=re.MULTILINE)
        if largest is not None:
            config = re.sub(r"^max_batch_size: .*$", f"max_batch_size: {largest}", config, flags=re.MULTILINE)
        (repository / name / "config.pbtxt").write_text(f"{config}{settings}\n")
    with Nereid(repository) as running:
        yield running


@pytest.fixture
def client(batching):
    with triton.InferenceServerClient(batching.address) as open_client:
        # Calls that are made before there is a connection leave in any order.
        assert open_client.is_server_live()
        yield open_client


def pairs(first, second):
    return [tensor("A", np.float32(first)), tensor("B", np.float32(second))]


def slow(seconds):
    return [tensor("ITERATIONS", np.array([[int(seconds * ITERATIONS_PER_SECOND)]], dtype=np.int64))]


class Counting:
    """Tells what was counted of a model since this exists."""

    def __init__(self, client, model):
        self._client, self._model = client, model
        self._before = self._now()

    def _now(self):
        [one] = self._client.get_inference_statistics(self._model).model_stats
        counts = {"success": one.inference_stats.success.count, "fail": one.inference_stats.fail.count,
                  "inferences": one.inference_count, "executions": one.execution_count}
        return counts | {batch.batch_size: batch.compute_infer.count for batch in one.batch_stats}

    @property
    def more(self):
        grown = {name: count - self._before.get(name, 0) for name, count in self._now().items()}
        return {name: count for name, count in grown.items() if count != 0}


class Occupied:
    """Has the only instance of a model run for a while, and notes the order in which calls are answered."""

    def __init__(self, client, model, seconds=1.0):
        self._client, self._model = client, model
        self._answers = Answers()
        self._started = 0
        self.infer("running", seconds)

    def infer(self, name, seconds=0.0, **settings):
        self._started += 1
        call = self._client.async_infer(
            self._model, slow(seconds), lambda result, error: self._answers(name, error), **settings)
        # Sent behind it on the same connection, so the server has it.
        assert self._client.is_server_live()
        return call

    def next(self):
        """The name of the call that is answered next, and its error."""
        self._started -= 1
        return self._answers.next()

    @property
    def order(self):
        """The names of those that are still to come, each of which must succeed."""
        ended = [self.next() for _ in range(self._started)]
        assert [error for _, error in ended] == [None] * len(ended)
        return [name for name, _ in ended]


def test_every_caller_of_many_gets_its_own_rows(client):
    counting, answers, random = Counting(client, "pairs"), Answers(), np.random.RandomState(3)
    wanted = {}
    for number in range(300):
        first, second = random.rand(2, 1 + number % 8, 3).astype(np.float32)
        wanted[str(number)] = (first, second)
        client.async_infer("pairs", pairs(first, second), answers, request_id=str(number))
    for result, error in answers.take(300):
        assert error is None
        first, second = wanted.pop(result.get_response().id)
        assert np.array_equal(result.as_numpy("SUM"), first + second)
        assert np.array_equal(result.as_numpy("PRODUCT"), first * second)
    more = counting.more
    batches = {size: count for size, count in more.items() if isinstance(size, int)}
    assert sum(size * count for size, count in batches.items()) == more["inferences"]
    assert sum(batches.values()) == more["executions"] < more["success"] == 300


def test_strings_of_many_callers(client):
    answers = Answers()
    for number in range(100):
        rows = [[f"{number} {row} é"] for row in range(1 + number % 3)]
        client.async_infer("strings", [tensor("INPUT0", np.array(rows, dtype=np.object_))], answers,
                           request_id=str(number))
    for result, error in answers.take(100):
        assert error is None
        number = int(result.get_response().id)
        expected = [[f"{number} {row} é".encode()] for row in range(1 + number % 3)]
        assert result.as_numpy("OUTPUT0").tolist() == expected


def test_many_tasks_of_the_asyncio_client(batching):
    async def use():
        async with triton_aio.InferenceServerClient(batching.address) as client:
            inputs = [pairs([[number]], [[1]]) for number in range(100)]
            return await asyncio.gather(*(client.infer("pairs", each) for each in inputs))
    results = asyncio.run(use())
    assert [result.as_numpy("SUM").item() for result in results] == [number + 1 for number in range(100)]


def test_a_preferred_size_does_not_wait_and_others_wait_for_the_delay(client):
    counting, answers = Counting(client, "delayed"), Answers()
    for _ in range(4):
        client.async_infer("delayed", pairs([[1]], [[2]]), answers)
    assert [error for _, error in answers.take(4)] == [None] * 4
    assert counting.more == {"success": 4, "inferences": 4, "executions": 1, 4: 1}
    for rows in [1, 2]:
        client.async_infer("delayed", pairs([[1]] * rows, [[2]] * rows), answers)
    assert [error for _, error in answers.take(2)] == [None] * 2
    assert counting.more == {"success": 6, "inferences": 7, "executions": 2, 4: 1, 3: 1}


def test_callers_of_different_outputs_share_a_batch(client):
    counting, answers = Counting(client, "delayed"), Answers()
    for names in [["SUM"], ["PRODUCT"], ["SUM", "PRODUCT"], []]:
        client.async_infer("delayed", pairs([[3]], [[4]]), answers, outputs=outputs(*names) or None,
                           request_id=",".join(sorted(names)) or "PRODUCT,SUM")
    for result, error in answers.take(4):
        assert error is None
        response = result.get_response()
        assert sorted(output.name for output in response.outputs) == response.id.split(",")
        for name, value in {"SUM": 7, "PRODUCT": 12}.items():
            assert name not in response.id or result.as_numpy(name).tolist() == [[value]]
    assert counting.more[4] == 1


def test_a_request_that_fails_while_it_runs_fails_alone(client):
    answers = Answers()
    for number in range(40):
        index = 99 if number % 10 == 7 else number % 4
        client.async_infer("lookup", [tensor("INDEX", np.array([[index]]))],
                           lambda result, error, number=number: answers((number, result), error))
    for (number, result), error in answers.take(40):
        if number % 10 == 7:
            assert error.status() == "StatusCode.INTERNAL" and "idx=99" in error.message()
        else:
            assert result.as_numpy("VALUE").tolist() == [[10 * (1 + number % 4)]]


def test_priorities(client):
    occupied = Occupied(client, "levels")
    for name, priority in [("low", 3), ("default", 0), ("high", 1), ("out of range", 9), ("high too", 1)]:
        occupied.infer(name, priority=priority)
    assert occupied.order == ["running", "high", "high too", "default", "out of range", "low"]


def test_a_request_timeout_shortens_the_wait(client):
    counting, occupied = Counting(client, "timed"), Occupied(client, "timed")
    occupied.infer("late", timeout=20_000)
    occupied.infer("patient")
    name, error = occupied.next()
    assert (name, error.status(), error.message()) == ("late", "StatusCode.UNAVAILABLE", "Request timeout expired")
    assert occupied.order == ["running", "patient"]
    assert counting.more == {"success": 2, "fail": 1, "inferences": 2, "executions": 2, 1: 2}


def test_a_request_timeout_has_no_effect_without_a_default(client):
    occupied = Occupied(client, "plain_queue", seconds=0.5)
    occupied.infer("waiting", timeout=1)
    assert occupied.order == ["running", "waiting"]


def test_a_full_queue(client):
    occupied = Occupied(client, "timed")
    for name in ["first", "second", "third"]:
        occupied.infer(name)
    with refused("UNAVAILABLE", "[request id: x] Exceeds maximum queue size"):
        client.infer("timed", slow(0), request_id="x")
    assert occupied.order == ["running", "first", "second", "third"]


def test_client_timeouts_and_cancelled_calls_leave_the_queue(client):
    counting, occupied = Counting(client, "plain_queue"), Occupied(client, "plain_queue", seconds=2.0)
    with refused("DEADLINE_EXCEEDED"):
        client.infer("plain_queue", slow(0), client_timeout=0.3)
    occupied.infer("cancelled").cancel()
    name, error = occupied.next()
    assert name == "cancelled" and error is not None
    occupied.infer("waiting")
    assert occupied.order == ["running", "waiting"]
    assert counting.more == {"success": 2, "fail": 2, "inferences": 2, "executions": 2, 1: 2}


def test_a_stream_of_many_requests_is_batched_and_answered_in_order(client):
    counting, answers = Counting(client, "pairs"), Answers()
    client.start_stream(answers)
    for number in range(100):
        client.async_stream_infer("pairs", pairs([[number]], [[1]]), request_id=str(number))
    got = answers.take(100)
    client.stop_stream()
    assert [result.get_response().id for result, _ in got] == [str(number) for number in range(100)]
    assert [result.as_numpy("SUM").item() for result, _ in got] == [number + 1 for number in range(100)]
    assert counting.more["executions"] < counting.more["success"] == 100
