"""A case served without any config, as a client of Triton sees it."""

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import np_to_triton_dtype


def link_models(cases, repository):
    """A repository that holds nothing but the model files."""
    for case in cases:
        version = repository / case.model / "1"
        version.mkdir(parents=True)
        (version / "model.onnx").symlink_to(case.file)


def load_only(client, case):
    """Fails unless the model loads."""
    client.load_model(case.model)
    client.unload_model(case.model)


def run_served(client, case, batched):
    """The outputs of each data set, of a model that is loaded for it and unloaded afterwards.

    Adds it to `batched` when the server batches it.
    """
    client.load_model(case.model)
    try:
        if client.get_model_config(case.model).config.max_batch_size > 0:
            batched.add(case.model)
        metadata = client.get_model_metadata(case.model)
        ranks = {value.name: len(value.shape) for value in (*metadata.inputs, *metadata.outputs)}
        return [_infer(client, case, inputs, ranks) for inputs, _ in case.data_sets()]
    finally:
        client.unload_model(case.model)


def _infer(client, case, inputs, ranks):
    sent = [_input(value.name, data, ranks[value.name]) for value, data in zip(case.inputs, inputs, strict=True)]
    wanted = [triton.InferRequestedOutput(value.name) for value in case.outputs]
    result = client.infer(case.model, sent, outputs=wanted)
    return [_answer(result.as_numpy(value.name), value) for value in case.outputs]


def _answer(data, value):
    """And where the model answers with one, callers get one element."""
    declared = value.type.tensor_type
    scalar = declared.HasField("shape") and len(declared.shape.dim) == data.ndim - 1 and data.shape[-1] == 1
    return data.reshape(data.shape[:-1]) if scalar else data


def _input(name, data, rank):
    """A config has no scalars: where the model takes one, of the whole or of each row, callers send one element."""
    if data.ndim == rank - 1:
        data = data[..., np.newaxis]
    tensor = triton.InferInput(name, data.shape, np_to_triton_dtype(data.dtype))
    return tensor.set_data_from_numpy(data)
