"""The models of broken/: each is `good`, or another small model, with one thing wrong."""

import numpy as np

from .builder import Model, Tensor, add_sub, constant, identity, node

ENSEMBLE = """\
# An ensemble of one step.
name: "ensemble"
platform: "ensemble"
max_batch_size: 8
input [
  { name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] },
  { name: "INPUT1" data_type: TYPE_FP32 dims: [ 4 ] }
]
output [
  { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 4 ] }
]
ensemble_scheduling {
  step [
    {
      model_name: "good"
      model_version: -1
      input_map { key: "INPUT0" value: "INPUT0" }
      input_map { key: "INPUT1" value: "INPUT1" }
      output_map { key: "OUTPUT0" value: "OUTPUT0" }
    }
  ]
}
"""


def write_all(folder):
    add_sub("good", "Nothing wrong here: it must load beside the broken ones.").write(folder)
    identity("bf16", "A datatype that the server does not take.", "BF16", [4], 8).write(folder)
    write_wrong_configs(folder)
    write_unsupported_features(folder)
    write_wrong_files(folder)


def write_edited(folder, name, about, old, new):
    """Writes a good model whose config.pbtxt has `old` replaced by `new`."""
    model = add_sub(name, about)
    config = model.config()
    if config.count(old) != 1:
        raise ValueError(f"{name}: {old!r} must occur once in the config")
    model.write(folder, {"config.pbtxt": config.replace(old, new)})


def write_wrong_configs(folder):
    input0 = 'name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ]'
    output1 = 'name: "OUTPUT1" data_type: TYPE_FP32 dims: [ 4 ]'
    for edit in [
        ("bad_syntax", "Line 5 closes a list that was never opened.",
         "\ninput [\n", "\ninput ]\n"),
        ("bad_field", "max_batch_size is misspelt.",
         "max_batch_size:", "max_batch_sizes:"),
        ("wrong_datatype", "The model's INPUT0 is FP32.",
         input0, input0.replace("FP32", "INT32")),
        ("wrong_shape", "The model's INPUT0 is [batch, 4].",
         input0, input0.replace("4", "8")),
        ("unknown_output", "The model has no OUTPUT9.",
         output1, output1.replace("OUTPUT1", "OUTPUT9")),
        ("bad_label", "There is no such label file.",
         output1, f'{output1} label_filename: "missing.txt"'),
    ]:
        write_edited(folder, *edit)


def write_unsupported_features(folder):
    write_edited(folder, "gpu_only", "Wants a GPU.", "KIND_CPU", "KIND_GPU")
    for name, about, settings in [
        ("sequence", "Wants the sequence batcher.",
         "sequence_batching { }"),
        ("decoupled", "Wants several responses to one request.",
         "model_transaction_policy { decoupled: true }"),
        ("nereid_key", "A parameter of the server's own, misspelt.",
         'parameters { key: "nereid.batch_dely" value: { string_value: "5" } }'),
    ]:
        model = add_sub(name, about)
        model.settings = settings
        model.write(folder)
    optional_input().write(folder)
    add_sub("ensemble", "").write(
        folder, {"config.pbtxt": ENSEMBLE, "1/model.onnx": None, "1/.gitkeep": ""})


def optional_input():
    # A constant that is also listed as an input is that input's default. It has
    # no rows, so Triton refuses to leave it out where requests are batched.
    return Model(
        "optional_input", "INPUT1 is optional: its default is a constant of the model.",
        [Tensor("INPUT0", "FP32", [2]),
         Tensor("INPUT1", "FP32", [2], "optional: true", onnx_shape=[2])],
        [Tensor("OUTPUT0", "FP32", [2])],
        4,
        [node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"])],
        (constant("INPUT1", [10, 20], np.float32),),
    )


def write_wrong_files(folder):
    no_model = {"1/model.onnx": None}
    add_sub("missing_file", "Version 1 has no model.onnx.").write(
        folder, no_model | {"1/.gitkeep": ""})
    add_sub("no_versions", "There is no version folder.").write(folder, no_model)
    add_sub("not_onnx", "model.onnx is plain text.").write(
        folder, {"1/model.onnx": "This is not an ONNX model.\n"})

    other = add_sub("other_backend", "Wants another backend.")
    config = other.config().replace("onnxruntime", "pytorch")
    other.write(folder, no_model | {"config.pbtxt": config,
                                    "1/model.pt": "This is not a PyTorch model.\n"})
