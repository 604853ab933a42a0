#!/usr/bin/env python3
"""Writes the model.onnx file of every sample model in this folder.

    pip install onnx numpy
    python make-models.py            # writes <model>/1/model.onnx

    pip install onnxruntime
    python make-models.py --check    # writes them, then runs each one

The files are the same byte for byte on every run: the only random weights
(those of `mlp`) come from a fixed seed. The config.pbtxt files beside the
models are written by hand and are not touched.
"""

import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

HERE = Path(__file__).resolve().parent

# Old enough for every ONNX Runtime of recent years, new enough for all the
# operators used here.
OPSET = 18
IR_VERSION = 8

FLOAT = TensorProto.FLOAT
INT32 = TensorProto.INT32
STRING = TensorProto.STRING

# The corners of the RGB cube, in the order of colors_cnn/labels.txt.
COLORS = {
    "black": (0, 0, 0),
    "white": (1, 1, 1),
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "yellow": (1, 1, 0),
    "cyan": (0, 1, 1),
    "magenta": (1, 0, 1),
}


def tensor_info(name, element_type, dims):
    """Describes a graph input or output whose first dimension is the batch."""
    return helper.make_tensor_value_info(name, element_type, ["batch", *dims])


def weight(name, values):
    return numpy_helper.from_array(np.asarray(values, dtype=np.float32), name)


def save(name, nodes, inputs, outputs, weights=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(weights))
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="make-models.py",
    )
    checker.check_model(model, full_check=True)
    path = HERE / name / "1" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{path.relative_to(HERE)}: {path.stat().st_size} bytes")


def make_simple():
    save(
        "simple",
        [
            helper.make_node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
            helper.make_node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"]),
        ],
        [tensor_info(name, INT32, [16]) for name in ("INPUT0", "INPUT1")],
        [tensor_info(name, INT32, [16]) for name in ("OUTPUT0", "OUTPUT1")],
    )


def make_simple_string():
    # A text that is not a number makes the first Cast, and so the request,
    # fail: handy to see what an error at run time looks like.
    save(
        "simple_string",
        [
            helper.make_node("Cast", ["INPUT0"], ["number0"], to=INT32),
            helper.make_node("Cast", ["INPUT1"], ["number1"], to=INT32),
            helper.make_node("Add", ["number0", "number1"], ["sum"]),
            helper.make_node("Sub", ["number0", "number1"], ["difference"]),
            helper.make_node("Cast", ["sum"], ["OUTPUT0"], to=STRING),
            helper.make_node("Cast", ["difference"], ["OUTPUT1"], to=STRING),
        ],
        [tensor_info(name, STRING, [16]) for name in ("INPUT0", "INPUT1")],
        [tensor_info(name, STRING, [16]) for name in ("OUTPUT0", "OUTPUT1")],
    )


def make_identity_fp32():
    save(
        "identity_fp32",
        [helper.make_node("Identity", ["INPUT0"], ["OUTPUT0"])],
        [tensor_info("INPUT0", FLOAT, ["n"])],
        [tensor_info("OUTPUT0", FLOAT, ["n"])],
    )


def bright_and_dark_filters():
    """First layer: for each of R, G and B, how bright and how dark it is.

    Channel c answers 2 * (value - 0.5) and channel 3 + c the opposite, so
    that after the Relu exactly one of the two is above zero.
    """
    # The centre outweighs its neighbours: the zeros that pad the border must
    # not turn a white corner pixel dark.
    blur = np.full((3, 3), 1 / 16)
    blur[1, 1] = 1 / 2
    filters = np.zeros((6, 3, 3, 3))
    for channel in range(3):
        filters[channel, channel] = 2 * blur
        filters[3 + channel, channel] = -2 * blur
    return filters, np.array([-1, -1, -1, 1, 1, 1])


def color_votes():
    """Second layer: each spot votes for the colour nearest to it.

    A channel on the wrong side of one half costs more than all the right ones
    can earn, so that a spot seldom votes for two colours.
    """
    votes = np.full((len(COLORS), 6, 1, 1), -3.0)
    for index, rgb in enumerate(COLORS.values()):
        for channel, is_bright in enumerate(rgb):
            votes[index, channel if is_bright else 3 + channel] = 1
    return votes


def make_colors_cnn():
    filters, thresholds = bright_and_dark_filters()
    save(
        "colors_cnn",
        [
            helper.make_node("Conv", ["image", "filters", "thresholds"], ["c1"],
                             kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c1"], ["bright_dark"]),
            helper.make_node("AveragePool", ["bright_dark"], ["spots"],
                             kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Conv", ["spots", "votes"], ["c2"],
                             kernel_shape=[1, 1]),
            helper.make_node("Relu", ["c2"], ["spot_votes"]),
            helper.make_node("GlobalAveragePool", ["spot_votes"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["shares"]),
            helper.make_node("Gemm", ["shares", "sharpen"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        [tensor_info("image", FLOAT, [3, 32, 32])],
        [tensor_info("probabilities", FLOAT, [len(COLORS)])],
        [
            weight("filters", filters),
            weight("thresholds", thresholds),
            weight("votes", color_votes()),
            # Sharpens the shares before the Softmax, so that one clear colour
            # gets nearly all of the probability.
            weight("sharpen", 4 * np.eye(len(COLORS))),
        ],
    )


def make_mlp():
    random = np.random.RandomState(20240501)  # its stream is frozen for good
    sizes = [128, 256, 256, 10]
    nodes, weights, value = [], [], "x"
    for layer, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]), start=1):
        is_last = layer == len(sizes) - 1
        bound = np.sqrt(6 / fan_in)  # keeps the signal's size through each Relu
        weights += [
            weight(f"w{layer}", random.uniform(-bound, bound, (fan_in, fan_out))),
            weight(f"b{layer}", random.uniform(-0.1, 0.1, fan_out)),
        ]
        result = "y" if is_last else f"h{layer}"
        nodes.append(helper.make_node("Gemm", [value, f"w{layer}", f"b{layer}"], [result]))
        if not is_last:
            nodes.append(helper.make_node("Relu", [result], [f"r{layer}"]))
            value = f"r{layer}"
    save(
        "mlp",
        nodes,
        [tensor_info("x", FLOAT, [sizes[0]])],
        [tensor_info("y", FLOAT, [sizes[-1]])],
        weights,
    )


def run(name, **feeds):
    import onnxruntime

    path = HERE / name / "1" / "model.onnx"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def check_arithmetic():
    a = np.arange(32, dtype=np.int32).reshape(2, 16)
    b = np.full((2, 16), 7, dtype=np.int32)
    total, difference = run("simple", INPUT0=a, INPUT1=b)
    assert (total == a + b).all() and (difference == a - b).all()
    texts = run("simple_string", INPUT0=a.astype(str).astype(object),
                INPUT1=b.astype(str).astype(object))
    assert (texts[0] == (a + b).astype(str)).all()
    assert (texts[1] == (a - b).astype(str)).all()
    x = np.random.RandomState(1).rand(3, 5).astype(np.float32)
    assert (run("identity_fp32", INPUT0=x)[0] == x).all()
    y, = run("mlp", x=np.ones((4, 128), dtype=np.float32))
    assert y.shape == (4, 10) and np.isfinite(y).all() and np.allclose(y[0], y[3])


def color_image(rgb, random, share=1.0, noise=0.0):
    """An image with `share` of its rows in one colour and the rest random."""
    image = np.broadcast_to(np.reshape(rgb, (3, 1, 1)), (3, 32, 32)).copy().astype(np.float32)
    image[:, round(32 * share):] = random.rand(3, 32 - round(32 * share), 32)
    image += noise * random.uniform(-1, 1, image.shape)
    return np.clip(image, 0, 1).astype(np.float32)


def check_colors():
    labels = (HERE / "colors_cnn" / "labels.txt").read_text().split()
    assert labels == list(COLORS)
    random = np.random.RandomState(2)
    for share, noise in [(1, 0), (1, 0.3), (0.6, 0.2)]:
        images = [color_image(rgb, random, share, noise) for rgb in COLORS.values()]
        probabilities, = run("colors_cnn", image=np.stack(images))
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert (probabilities.argmax(axis=1) == np.arange(len(COLORS))).all()
        print(f"colors_cnn, share {share}, noise {noise}: all {len(COLORS)} right,"
              f" lowest probability {probabilities.max(axis=1).min():.4f}")


def main():
    make_simple()
    make_simple_string()
    make_identity_fp32()
    make_colors_cnn()
    make_mlp()
    if "--check" in sys.argv[1:]:
        check_arithmetic()
        check_colors()
        print("all models run as expected")


if __name__ == "__main__":
    main()
