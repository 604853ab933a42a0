"""The comparison of the `onnx` package's own runner."""

import numpy as np

RTOL = 1e-3
ATOL = 1e-7


def difference(answers, expected):
    """What is wrong with the answers, in one line; None when they are those that were expected."""
    if len(answers) != len(expected):
        return f"{len(answers)} outputs, expected {len(expected)}"
    for number, (answer, wanted) in enumerate(zip(answers, expected)):
        wrong = _difference(np.asarray(answer), np.asarray(wanted))
        if wrong is not None:
            return f"output {number}: {wrong}"
    return None


def _difference(answer, wanted):
    if answer.shape != wanted.shape:
        return f"shape {list(answer.shape)}, expected {list(wanted.shape)}"
    if wanted.dtype.kind in "OUST":
        return None if np.array_equal(_texts(answer), _texts(wanted)) else "other texts"
    if answer.dtype != wanted.dtype:
        return f"type {answer.dtype}, expected {wanted.dtype}"
    try:
        np.testing.assert_allclose(answer, wanted, rtol=RTOL, atol=ATOL)
    except AssertionError:
        return "other numbers"
    return None


def _texts(strings):
    return np.array([text.decode() if isinstance(text, bytes) else str(text) for text in strings.flat], dtype=object)
