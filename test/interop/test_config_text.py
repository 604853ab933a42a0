"""Our reader of config.pbtxt against protobuf's own C++ parser, which is Triton's: `protoc --encode`.

The same texts are accepted with the same content, and refused with the same first message at the same place.
What we print is read back by C++, and our JSON is that of protobuf with Triton's changes.
"""

import base64
import json
import random
import re
import subprocess
import sys

import pytest
from google.protobuf import json_format
from nereid import NODE, ROOT
from tritonclient.grpc import model_config_pb2

CORPUS = sorted((ROOT / "test/config/corpus").glob("*.pbtxt"))
READER = ROOT / "dist/test/interop/read-configs.js"
MUTATED_COUNT = 200
SEED = 20

SEEDS = [
    'name: "a" max_batch_size: 8 input [ { name: "x" data_type: TYPE_FP32 dims: [ 3, -1 ] reshape { shape: [] } } ]',
    'version_policy: { latest { num_versions: 2 } }\nparameters: { key: "k" value: { string_value: "v" } }, '
    "instance_group < kind: KIND_CPU count: 0x2 gpus: [0, 1] >;",
    "dynamic_batching { preferred_batch_size: [ 4, 8 ] priority_levels: 2 "
    "priority_queue_policy { key: 1 value { timeout_action: DELAY allow_timeout_override: true } } }",
    'sequence_batching { direct { minimum_slot_utilization: 0.5 } control_input [ { name: "S" control '
    "[ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1.5e3 ] bool_false_true: [false, t] } ] } ] }",
    'ensemble_scheduling { step [ { model_name: "a\\x41\\u00e9" model_version: -1 input_map { key: "k" value: "v" "w" }'
    ' } ] } # end\nmetric_tags { key: "a" value: "b" }\tresponse_cache { enable: true }',
    "model_metrics { metric_control: [ { histogram_options: { buckets: [1, .5, 5., 1e3, 0.5f, inf] } } ] } "
    'model_warmup { inputs { key: "x" value { zero_data: true } } }',
]
PIECES = [
    *"{}[]<>:,;\"'-+=/#.@\n\t ",
    *"08 017 0x 0x1F 1.0 1e 1e5 2 99999999999 99999999999999999999 1name a.5 .5 5.5.5 -1".split(),
    *'name foo "x" "\\q" "\\u12" "\\U0011" "\\xZ" "\\ TRUE True t TYPE_FLOAT é \x01 inf key: value'.split(),
    "[foo.bar]: 1",
    "max_batch_size: 3",
    "all {}",
    "dynamic_batching { }",
    '"a\nb"',
    '"a" "b"',
    "- 1",
    "\r\n",
    "\v\f",
]

NUMBERS = [
    "input.*.dims",
    "input.*.reshape.shape",
    "output.*.dims",
    "output.*.reshape.shape",
    "version_policy.specific.versions",
    "dynamic_batching.max_queue_delay_microseconds",
    "dynamic_batching.priority_levels",
    "dynamic_batching.default_priority_level",
    "dynamic_batching.default_queue_policy.default_timeout_microseconds",
    "dynamic_batching.priority_queue_policy.*.default_timeout_microseconds",
    "sequence_batching.max_sequence_idle_microseconds",
    "sequence_batching.direct.max_queue_delay_microseconds",
    "sequence_batching.oldest.max_queue_delay_microseconds",
    "sequence_batching.state.*.dims",
    "ensemble_scheduling.step.*.model_version",
    "model_warmup.*.inputs.*.dims",
]
"""64-bit integers that Triton turns from strings into numbers."""


def mutate(chance):
    text = chance.choice(SEEDS)
    for _ in range(chance.randint(1, 2)):
        at = chance.randint(0, len(text))
        kind = chance.randrange(3)
        if kind == 0:
            text = text[:at] + chance.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + chance.randint(1, 4) :]
        else:
            token = chance.choice(list(re.finditer(r'"[^"]*"|\w+|[^\w\s]', text)) or [re.match("", text)])
            text = text[: token.start()] + chance.choice(PIECES) + text[token.end() :]
    return text


def read_ours(texts):
    done = subprocess.run([NODE, READER], input=json.dumps(texts), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def read_theirs(text):
    """The config, or C++'s first complaint."""
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'protos'}", "--encode=inference.ModelConfig"]
    done = subprocess.run([*protoc, "model_config.proto"], input=text.encode(), capture_output=True)
    if done.returncode == 0:
        return model_config_pb2.ModelConfig.FromString(done.stdout)
    complaint = re.search(r"^input:(\d+:\d+: .*?)\n(?=input:|Failed)", done.stderr.decode(), re.MULTILINE | re.DOTALL)
    return complaint.group(1)


def hold(text, ours):
    theirs = read_theirs(text)
    if isinstance(theirs, str):
        assert ours.get("error", "").startswith(theirs), text
        return
    assert "binary" in ours, (text, ours)
    config = model_config_pb2.ModelConfig.FromString(base64.b64decode(ours["binary"]))
    assert config == theirs, text
    assert read_theirs(ours["printed"]) == theirs, ours["printed"]


@pytest.mark.timeout(300)
def test_texts_near_right_ones_are_read_as_cpp_reads_them():
    chance = random.Random(SEED)
    texts = [mutate(chance) for _ in range(MUTATED_COUNT)]
    for text, ours in zip(texts, read_ours(texts), strict=True):
        hold(text, ours)


@pytest.fixture(scope="module")
def corpus():
    texts = [path.read_bytes().decode() for path in CORPUS]
    return dict(zip([path.name for path in CORPUS], zip(texts, read_ours(texts), strict=True), strict=True))


@pytest.mark.parametrize("name", [path.name for path in CORPUS])
def test_corpus_is_read_as_cpp_reads_it(corpus, name):
    text, ours = corpus[name]
    hold(text, ours)
    theirs = json_format.MessageToDict(
        read_theirs(text), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for path in NUMBERS:
        to_numbers(theirs, path.split("."))
    if ours["json"] == "":
        assert read_theirs(text).ByteSize() == 0
    else:
        assert json.loads(ours["json"]) == theirs


def to_numbers(value, path):
    step, *rest = path
    places = (range(len(value)) if isinstance(value, list) else list(value)) if step == "*" else [step]
    for place in places:
        if isinstance(value, dict) and place not in value:
            continue
        if rest:
            to_numbers(value[place], rest)
        elif isinstance(value[place], list):
            value[place] = [int(number) for number in value[place]]
        else:
            value[place] = int(value[place])
