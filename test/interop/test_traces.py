"""Settings of traces by the official clients, and trace files as Triton's own tools read them."""

import json

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.http as triton_http
from messages import floats, refused, tensor
from nereid import SAMPLE_MODELS, Nereid
from tritonclient.utils import InferenceServerException


@pytest.fixture
def traced(tmp_path):
    """A server that writes traces, its clients of both protocols, and the file."""
    file = tmp_path / "trace.json"
    with Nereid(SAMPLE_MODELS, f"--trace-config=triton,file={file}") as running:
        _, http_address = running.said(r"Started HTTPService at (\S+:\d+)"), None
        http_address = _.group(1) if hasattr(_, "group") else _
        with triton.InferenceServerClient(running.address) as grpc, \
                triton_http.InferenceServerClient(http_address) as http:
            yield running, grpc, http, file


def settings(response):
    return {name: list(setting.value) for name, setting in response.settings.items()}
