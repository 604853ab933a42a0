"""Inputs that a request may leave out, under tritonclient."""

import itertools
import queue

import numpy as np
import pytest
from messages import refused, tensor

FACTOR, ADDEND = np.float32([-1]), np.float32([5, 6])
TEXT = np.array(["", "日本"], dtype=object)
HALF, COUNT = np.float16([1, 2, 3]), np.int64([2**40])

OPTIONAL = {"FACTOR": FACTOR, "ADDEND": ADDEND, "TEXT": TEXT, "HALF": HALF, "COUNT": COUNT}
DEFAULTS = {"FACTOR": np.float32([2]), "ADDEND": np.float32([10, 20]),
            "TEXT": np.array(["of the", "modél"], dtype=object),
            "HALF": np.float16([0.5, -2, 65504]), "COUNT": np.int64([-(2**62)])}
INPUT = np.float32([1, 2])


def expected(given):
    values = DEFAULTS | {name: OPTIONAL[name] for name in given}
    return {"OUTPUT0": INPUT * values["FACTOR"] + values["ADDEND"], "TEXT_OUT": values["TEXT"],
            "HALF_OUT": values["HALF"], "COUNT_OUT": values["COUNT"]}


def inputs(given):
    return [tensor("INPUT0", INPUT), *(tensor(name, OPTIONAL[name]) for name in given)]


def check(result, given):
    for name, wanted in expected(given).items():
        answer = result.as_numpy(name)
        if name == "TEXT_OUT":
            answer = np.array([text.decode() for text in answer], dtype=object)
        assert answer.tolist() == wanted.tolist(), (name, given)


def test_any_of_them_may_be_left_out(client):
    for size in range(len(OPTIONAL) + 1):
        for given in itertools.combinations(OPTIONAL, size):
            check(client.infer("optional_inputs", inputs(given)), given)


def test_requests_with_and_without_them_at_the_same_time(client):
    answers = queue.SimpleQueue()
    given = [choice for size in range(3) for choice in itertools.combinations(OPTIONAL, size)] * 10
    for one in given:
        client.async_infer("optional_inputs", inputs(one),
                           lambda result, error, one=one: answers.put((result, error, one)))
    for _ in given:
        result, error, one = answers.get(timeout=30)
        assert error is None
        check(result, one)


def test_what_is_required_may_not(client):
    with refused("INVALID_ARGUMENT", "unexpected inference input 'OTHER' for model 'optional_inputs'"):
        client.infer("optional_inputs", [tensor("OTHER", INPUT)])
    with refused("INVALID_ARGUMENT",
                 "[request id: <id_unknown>] expected number of inputs between 1 and 6 but got 0 inputs for model "
                 "'optional_inputs'. Got input(s) [], but missing required input(s) ['INPUT0']. "
                 "Please provide all required input(s)."):
        client.infer("optional_inputs", [])


@pytest.mark.parametrize("name, value, text", [
    ("ADDEND", np.int32([1, 2]), "[request id: <id_unknown>] inference input 'ADDEND' data-type is 'INT32', "
                                 "but model 'optional_inputs' expects 'FP32'"),
    ("ADDEND", np.float32([1]), "[request id: <id_unknown>] unexpected shape for input 'ADDEND' for model "
                                "'optional_inputs'. Expected [2], got [1]. "),
])
def test_what_is_sent_is_checked(client, name, value, text):
    with refused("INVALID_ARGUMENT", text):
        client.infer("optional_inputs", [tensor("INPUT0", INPUT), tensor(name, value)])


def test_the_config_says_which(client):
    config = client.get_model_config("optional_inputs").config
    assert [tensor.name for tensor in config.input if tensor.optional] == list(OPTIONAL)
