"""A case run by onnxruntime for Python, without any server."""

import onnxruntime


def open_plain(case):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(case.file, options, providers=["CPUExecutionProvider"])


def run_plain(case):
    """The outputs of each data set."""
    session = open_plain(case)
    names = [value.name for value in case.inputs]
    return [session.run(None, dict(zip(names, inputs, strict=True))) for inputs, _ in case.data_sets()]
