"""What came of a case, once run by plain onnxruntime and once served."""

import re
from dataclasses import dataclass

from compare import difference


@dataclass(frozen=True)
class Outcome:
    model: str
    kind: str
    foreign: tuple
    """Kinds of values at the model's edges that are not carried."""
    plain: str | None
    """Why plain onnxruntime does not pass; of a case with foreign values, why it does not open the model."""
    served: str | None
    """Why the server does not pass."""
    same: str | None = None
    """Where both answer, what differs between them."""
    ran: bool = False
    """Whether plain onnxruntime answers, right or not."""
    batched: bool = False
    """Whether it was served as a model that is batched."""


@dataclass(frozen=True)
class Ran:
    """What a run of a case answers, or None, and why that is not what the case expects, or None."""

    answers: list | None
    failure: str | None


def run_case(case, run):
    try:
        answers = run(case)
    except Exception as error:  # Whatever a case ends with is its outcome.
        return Ran(None, one_line(error))
    return Ran(answers, differences(answers, [outputs for _, outputs in case.data_sets()]))


def differences(answers, expected):
    """What is wrong with the answers to the data sets, in one line; None when they are those that were expected."""
    if len(answers) == 0:
        return "no data"
    wrong = (difference(*pair) for pair in zip(answers, expected, strict=True))
    return next((each for each in wrong if each is not None), None)


def one_line(error):
    return re.sub(r"\s+", " ", f"{type(error).__name__}: {error}").strip()


_PLAIN_REASONS = [
    (r"Could not find an implementation", "it has no kernel for the operator in this version or type"),
    (r"is not a registered function/op|Unrecognized attribute|is under development|No Op registered", "it does not know the operator or its version"),
    (r"string_normalizer.*locale|[Ll]ocale", "the operator asks for a locale that this machine has not"),
    (r"^output \d+: other numbers", "it answers other numbers"),
    (r"^output \d+:", "it answers another shape, type or text"),
    (r"Load model from|INVALID_GRAPH", "it refuses the model"),
]


def plain_reason(text):
    return next((reason for pattern, reason in _PLAIN_REASONS if re.search(pattern, text)), "it fails on the model or its data")


def served_reason(text):
    """What is the same in the refusals of several models."""
    text = re.sub(r"^.*? is at UNAVAILABLE state: ", "", text)
    text = re.sub(r"^InferenceServerException: ", "", text).rstrip("; ")
    text = re.sub(r" (To mend it: .*|\(in .*)$", "", text)
    return re.sub(r"'([^']*)'", lambda quoted: quoted[0] if quoted[1].startswith("ONNX_") else "'…'", text)
