"""The models of repository/: every one of them must load."""

import numpy as np
from onnx import TensorProto, helper

from . import ragged, rows
from .builder import Model, Tensor, add_number, add_sub, constant, identity, node
from .slow import slow

IDENTITY_TYPES = ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16",
                  "INT32", "INT64", "FP16", "FP32", "FP64"]


def write_all(folder):
    write_identities(folder)
    write_shapes(folder)
    write_classes(folder)
    write_versions(folder)
    ragged.write_all(folder)
    rows.write_all(folder)
    for model in [
        add_sub("add_sub", "OUTPUT0 is the sum, OUTPUT1 the difference."),
        slow("slow", instances=1),
        slow("slow_pair", instances=2),
        fails_at_run(),
        batching_wanted(),
        strings_const(),
        strings_nul(),
        more_rows(),
        optional_inputs(),
        unwanted_output(),
    ]:
        model.write(folder)


def write_identities(folder):
    for datatype in IDENTITY_TYPES:
        name = f"identity_{datatype.lower()}"
        identity(name, f"Returns its {datatype} input.", datatype, [-1], 8).write(folder)
    identity("identity_bytes", "Returns its strings.", "STRING", [-1], 8).write(folder)
    identity("nobatch_fp32", "No batch dimension; the second one is free.",
             "FP32", [2, -1], 0).write(folder)
    identity("fixed_fp32", "Nothing but the batch is free.", "FP32", [4], 8).write(folder)


def write_shapes(folder):
    add_number("scalar_fp32", "The ONNX tensors have rank 0; dims cannot be empty, so they say 1.",
               1, [1], 0, onnx_dims=[]).write(folder)

    no_dims = {"options": "reshape { shape: [ ] }", "onnx_dims": []}
    Model(
        "reshape_scalar", "Doubles. Clients send [batch, 1], the model takes [batch].",
        [Tensor("INPUT0", "FP32", [1], **no_dims)],
        [Tensor("OUTPUT0", "FP32", [1], **no_dims)],
        4,
        [node("Mul", ["INPUT0", "two"], ["OUTPUT0"])],
        (constant("two", 2, np.float32),),
    ).write(folder)

    Model(
        "nonzero", "The size of the output depends on the values of the input.",
        [Tensor("INPUT0", "FP32", [-1])],
        [Tensor("OUTPUT0", "INT64", [1, -1], onnx_dims=[1, "count"])],
        0,
        [node("NonZero", ["INPUT0"], ["OUTPUT0"])],
    ).write(folder)

    Model(
        "big_out", "As many zeros as the request asks for.",
        [Tensor("N", "INT64", [1])],
        [Tensor("OUTPUT0", "FP32", [-1])],
        0,
        [node("ConstantOfShape", ["N"], ["OUTPUT0"], value=constant("zero", [0], np.float32))],
    ).write(folder)


def write_classes(folder):
    # The second line break is what makes the third, empty line a line.
    labels = "cat\ndog\n\n"
    identity("classes", "Three labels (the third is empty) for four classes.", "FP32", [2, 2], 4,
             options='label_filename: "labels.txt"').write(folder, {"labels.txt": labels})
    identity("classes_nobatch", "Classes without labels and without a batch.",
             "INT64", [4], 0).write(folder)


def write_versions(folder):
    cases = [
        ("versions_all", "Serves all of 1, 2 and 3.", [1, 2, 3],
         "version_policy { all { } }"),
        ("versions_latest", "No policy: serves the latest, which is 3.", [1, 3],
         ""),
        ("versions_specific", "Serves 1 and 3 but not 2.", [1, 2, 3],
         "version_policy { specific { versions: [ 1, 3 ] } }"),
    ]
    for name, about, versions, settings in cases:
        models = {
            version: add_number(name, f"{about} OUTPUT0 = INPUT0 + version.", version, [1], 4)
            for version in versions
        }
        models[1].settings = settings
        models[1].write(folder, {
            f"{version}/model.onnx": model.onnx_bytes() for version, model in models.items()
        })


def fails_at_run():
    return Model(
        "fails_at_run", "An INDEX outside -4..3 fails while the model runs.",
        [Tensor("INDEX", "INT64", [1])],
        [Tensor("VALUE", "FP32", [1])],
        0,
        [node("Gather", ["table", "INDEX"], ["VALUE"])],
        (constant("table", [10, 20, 30, 40], np.float32),),
    )


def batching_wanted():
    model = add_number("batching_wanted", "Adds one; asks for dynamic batching.", 1, [4], 8)
    model.settings = ("dynamic_batching {\n"
                      "  preferred_batch_size: [ 4 ]\n"
                      "  max_queue_delay_microseconds: 100\n"
                      "}")
    return model


def strings_const():
    odd = helper.make_tensor("odd", TensorProto.STRING, [2], [b"a\0b", b"\xff\xfe"])
    return Model(
        "strings_const", "OUTPUT0 holds a zero byte and bytes that are not UTF-8.",
        [Tensor("INPUT0", "STRING", [1])],
        [Tensor("OUTPUT0", "STRING", [2]), Tensor("OUTPUT1", "STRING", [1])],
        0,
        [node("Identity", ["odd"], ["OUTPUT0"]), node("Identity", ["INPUT0"], ["OUTPUT1"])],
        (odd,),
    )


def strings_nul():
    text = helper.make_tensor("text", TensorProto.STRING, [2], [b"a\0b", b"plain"])
    return Model(
        "strings_nul", "OUTPUT0 holds a zero byte, and all of it is UTF-8.",
        [Tensor("INPUT0", "STRING", [1])],
        [Tensor("OUTPUT0", "STRING", [2]), Tensor("OUTPUT1", "STRING", [1])],
        0,
        [node("Identity", ["text"], ["OUTPUT0"]), node("Identity", ["INPUT0"], ["OUTPUT1"])],
        (text,),
    )


def more_rows():
    return Model(
        "more_rows", "Declares as many rows as it is given and answers with twice as many.",
        [Tensor("INPUT0", "FP32", [2]), Tensor("INPUT1", "STRING", [2])],
        [Tensor("OUTPUT0", "FP32", [2]), Tensor("OUTPUT1", "STRING", [2])],
        8,
        [node("Concat", ["INPUT0", "INPUT0"], ["OUTPUT0"], axis=0),
         node("Concat", ["INPUT1", "INPUT1"], ["OUTPUT1"], axis=0)],
    )


def optional_inputs():
    # A constant that is also listed as an input is that input's default.
    optional = "optional: true"
    return Model(
        "optional_inputs", "INPUT0 * FACTOR + ADDEND; what is optional has a default and is answered too.",
        [Tensor("INPUT0", "FP32", [2]), Tensor("FACTOR", "FP32", [1], optional, onnx_dims=[]),
         Tensor("ADDEND", "FP32", [2], optional), Tensor("TEXT", "STRING", [2], optional),
         Tensor("HALF", "FP16", [3], optional), Tensor("COUNT", "INT64", [1], optional)],
        [Tensor("OUTPUT0", "FP32", [2]), Tensor("TEXT_OUT", "STRING", [2]),
         Tensor("HALF_OUT", "FP16", [3]), Tensor("COUNT_OUT", "INT64", [1])],
        0,
        [node("Mul", ["INPUT0", "FACTOR"], ["product"]), node("Add", ["product", "ADDEND"], ["OUTPUT0"]),
         node("Identity", ["TEXT"], ["TEXT_OUT"]), node("Identity", ["HALF"], ["HALF_OUT"]),
         node("Identity", ["COUNT"], ["COUNT_OUT"])],
        (constant("FACTOR", 2, np.float32), constant("ADDEND", [10, 20], np.float32),
         constant("TEXT", ["of the", "modél"], object), constant("HALF", [0.5, -2, 65504], np.float16),
         constant("COUNT", [-(2**62)], np.int64)),
    )


def unwanted_output():
    # What the config does not name fails: there is no row 18. What it names is made
    # by a branch that reads, as branches may, what a node outside of it has made.
    def branch(name, factor):
        result = helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])
        return helper.make_graph([node("Mul", ["doubled", factor], [name])], name, [], [result])

    return Model(
        "unwanted_output", "Doubles. The graph has another output, which fails.",
        [Tensor("INPUT0", "FP32", [2])],
        [Tensor("OUTPUT0", "FP32", [2])],
        0,
        [node("Size", ["INPUT0"], ["size"]),
         node("Mul", ["INPUT0", "two"], ["doubled"]),
         node("Greater", ["size", "nine"], ["long"]),
         node("Mul", ["size", "nine"], ["row"]),
         node("Gather", ["INPUT0", "row"], ["failing"]),
         node("If", ["long"], ["OUTPUT0"], then_branch=branch("then", "two"), else_branch=branch("else", "one"))],
        (constant("one", 1, np.float32), constant("two", 2, np.float32), constant("nine", 9, np.int64)),
        unlisted_outputs=(Tensor("failing", "FP32", [], onnx_shape=[]),),
    )
