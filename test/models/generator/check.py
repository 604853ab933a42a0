"""Runs the written models in ONNX Runtime and compares their answers."""

import time

import numpy as np
import onnxruntime

from .working import IDENTITY_TYPES

NUMPY_TYPES = {"FP16": np.float16, "FP32": np.float32, "FP64": np.float64}


def open_model(folder, name, version=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # errors that are asked for stay quiet
    path = folder / name / str(version) / "model.onnx"
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def identity_cases():
    for datatype in IDENTITY_TYPES:
        dtype = NUMPY_TYPES.get(datatype, datatype.lower())
        values = np.array([[0, 1, 100], [3, 4, 5]]).astype(dtype)
        yield f"identity_{datatype.lower()}", 1, {"INPUT0": values}, [values]
    texts = np.array([["", "a\0b", "é"], ["1", "2", "3"]], dtype=object)
    yield "identity_bytes", 1, {"INPUT0": texts}, [texts]


def version_cases():
    x = np.float32([[0.5], [2]])
    for name, versions in [("versions_all", [1, 2, 3]), ("versions_latest", [1, 3]),
                           ("versions_specific", [1, 2, 3])]:
        for version in versions:
            yield name, version, {"INPUT0": x}, [x + version]


def other_cases():
    a, b = np.float32([[1, 2, 3, 4]] * 2), np.float32([[9, 8, 7, 6]] * 2)
    pair = np.float32([1, 2])
    zeros = np.float32([5, 0, 7])
    for name, feeds, expected in [
        ("add_sub", {"INPUT0": a, "INPUT1": b}, [a + b, a - b]),
        ("batching_wanted", {"INPUT0": a}, [a + 1]),
        ("big_out", {"N": np.int64([1000])}, [np.zeros(1000, np.float32)]),
        ("classes", {"INPUT0": a.reshape(2, 2, 2)}, [a.reshape(2, 2, 2)]),
        ("classes_nobatch", {"INPUT0": np.int64([4, 1, 3, 2])}, [np.int64([4, 1, 3, 2])]),
        ("fails_at_run", {"INDEX": np.int64([2])}, [np.float32([30])]),
        ("fixed_fp32", {"INPUT0": a}, [a]),
        ("more_rows", {"INPUT0": pair.reshape(1, 2), "INPUT1": np.array([["a", ""]], dtype=object)},
         [np.float32([pair, pair]), np.array([["a", ""]] * 2, dtype=object)]),
        ("nobatch_fp32", {"INPUT0": a}, [a]),
        ("nonzero", {"INPUT0": zeros}, [np.int64([[0, 2]])]),
        ("optional_inputs", {"INPUT0": pair},
         [pair * 2 + np.float32([10, 20]), np.array(["of the", "modél"], dtype=object),
          np.float16([0.5, -2, 65504]), np.int64([-(2**62)])]),
        ("optional_inputs", {"INPUT0": pair, "FACTOR": np.array(-1, np.float32), "TEXT": np.array(["", "b"], dtype=object)},
         [np.float32([9, 18]), np.array(["", "b"], dtype=object),
          np.float16([0.5, -2, 65504]), np.int64([-(2**62)])]),
        ("reshape_scalar", {"INPUT0": pair}, [pair * 2]),
        ("row_images", {"INPUT0": np.zeros((1, 3, 2, 5), np.float32)}, [np.zeros((1, 4, 2, 5), np.float32)]),
        ("row_lookup", {"INDEX": np.int64([[2], [0]])}, [np.float32([[30], [10]])]),
        ("row_pairs", {"A": a, "B": b}, [a + b, a * b]),
        ("row_scores", {"INPUT0": np.zeros((3, 64), np.float32)}, [np.zeros((3, 10), np.float32)]),
        ("row_slow", {"ITERATIONS": np.int64([[3], [0]])}, [np.int64([[3], [0]])]),
        ("row_sums", {"A": np.int64([[1, 2]]), "B": np.int64([[5, -9]])}, [np.int64([[6, -7]])]),
        ("scalar_fp32", {"INPUT0": np.array(4, np.float32)}, [np.float32(5)]),
        ("slow", {"ITERATIONS": np.int64([3])}, [np.int64([3])]),
        ("slow", {"ITERATIONS": np.int64([0])}, [np.int64([0])]),
        ("slow_pair", {"ITERATIONS": np.int64([3])}, [np.int64([3])]),
        ("strings_nul", {"INPUT0": np.array(["x"], dtype=object)},
         [np.array(["a\0b", "plain"], dtype=object), np.array(["x"], dtype=object)]),
    ]:
        yield name, 1, feeds, expected


def ragged_cases():
    """Three requests of 2, 0 and 3 numbers, as the server has to feed them."""
    flat = np.float32([1, 2, 3, 4, 5])
    bounds, shapes = np.int32([0, 2, 2, 5]), np.int32([[1, 2], [0, 2], [3, 1]])
    scale = np.float32([[1], [10], [100]])
    yield "ragged_sums", 1, {"INPUT0": flat, "SCALE": scale, "BOUNDS": bounds}, [
        np.float32([[3], [0], [1200]])]
    counts, sums = np.int32([2, 0, 3]), np.float32([2, 2, 5])
    yield "batch_inputs", 1, {
        "INPUT0": flat, "COUNTS_IN": counts, "SUMS_IN": sums, "SUMS_AGAIN_IN": sums,
        "BOUNDS_IN": bounds, "LARGEST_IN": np.float32([0, 0, 0]), "SHAPES_IN": shapes,
        "FLAT_SHAPES_IN": shapes.flatten().astype(np.float32),
    }, [counts, sums, sums, bounds, np.int64([[3]] * 3), shapes, shapes.astype(np.float32), flat]
    texts = np.array(["a", ""], dtype=object)
    yield "ragged_scatter", 1, {"INPUT0": flat, "INPUT1": texts}, [flat * 2, texts]
    shape = np.int32([[5, 1]])
    yield "ragged_nobatch", 1, {"INPUT0": flat, "SHAPE_IN": shape}, [flat * 2, shape]


def check_working(folder):
    checked = set()
    for name, version, feeds, expected in [*identity_cases(), *version_cases(), *other_cases(),
                                           *ragged_cases()]:
        results = open_model(folder, name, version).run(None, feeds)
        assert len(results) == len(expected), name
        for result, wanted in zip(results, expected):
            assert result.dtype == wanted.dtype and result.shape == wanted.shape, name
            assert (result == wanted).all(), name
        checked.add(name)
    check_odd_strings(folder)
    checked.add("strings_const")
    check_unwanted_output(folder)
    checked.add("unwanted_output")
    written = {path.name for path in folder.iterdir()}
    assert checked == written, checked ^ written

    try:
        open_model(folder, "fails_at_run").run(None, {"INDEX": np.int64([9])})
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as error:
        print(f"fails_at_run: {error}")
    else:
        raise AssertionError("fails_at_run must fail for index 9")
    print_speed(open_model(folder, "slow"))
    print(f"{folder.name}: all {len(checked)} models run as expected")


def check_unwanted_output(folder):
    # ONNX Runtime runs every node, whichever outputs are asked for.
    try:
        open_model(folder, "unwanted_output").run(["OUTPUT0"], {"INPUT0": np.float32([1, 2])})
    except onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument as error:
        print(f"unwanted_output: {error}")
    else:
        raise AssertionError("unwanted_output must fail as a whole")


def check_odd_strings(folder):
    session = open_model(folder, "strings_const")
    feeds = {"INPUT0": np.array(["a\0b"], dtype=object)}
    assert session.run(["OUTPUT1"], feeds)[0][0] == "a\0b"
    # Python cannot be given strings that are not UTF-8; its complaint shows
    # that the bytes came out of the model unharmed.
    try:
        session.run(["OUTPUT0"], feeds)
    except UnicodeDecodeError as error:
        assert error.object == b"\xff\xfe"
    else:
        raise AssertionError("strings_const must return bytes that are not UTF-8")


def print_speed(session):
    iterations = 20000
    session.run(None, {"ITERATIONS": np.int64([1000])})
    start = time.perf_counter()
    session.run(None, {"ITERATIONS": np.int64([iterations])})
    print(f"slow: {iterations / (time.perf_counter() - start):.0f} iterations/s on one thread")


def check_broken(folder):
    """Where the fault is not in model.onnx, that file must be fine."""
    paths = sorted(folder.glob("*/1/model.onnx"))
    names = [path.parts[-3] for path in paths if path.parts[-3] != "not_onnx"]
    for name in names:
        open_model(folder, name)
    print(f"{folder.name}: {len(names)} models load in ONNX Runtime itself")
