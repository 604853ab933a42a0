"""The model in the same process, opened as the server under test opens it."""

import sys

import onnxruntime


def open_session(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def arguments():
    """The model's file, the port to serve at and one for HTTP beside it; says where, in the words that the bench waits for."""
    file, port, http_port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(f"Started GRPCInferenceService at 127.0.0.1:{port}", flush=True)
    return file, port, http_port
