"""What a run of all cases tells, as RESULTS.md says it."""

import platform
from collections import Counter, defaultdict
from datetime import date
from importlib.metadata import version
from pathlib import Path

import compare
from cases import KINDS
from outcome import plain_reason, served_reason

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"

PACKAGES = ["onnx", "onnxruntime", "tritonclient", "numpy"]

NAMED_MAX = 12
"""So many cases of one reason are named."""


def summary(outcomes):
    """The counts in a few lines, and why each case fails that plain onnxruntime passes."""
    carried = [each for each in outcomes if not each.foreign]
    passing = [each for each in carried if each.plain is None]
    served = [each for each in passing if each.served is None]
    yield (f"{len(outcomes)} cases; {len(carried)} with nothing but tensors that are carried; plain onnxruntime passes "
           f"{len(passing)} of these, the server {len(served)} of these ({share(len(served), len(passing))})")
    yield from (f"{each.model}: answers other than onnxruntime's: {each.same}" for each in carried
                if each.ran and each.plain is not None and each.same is not None)
    yield from (f"{each.model}: {each.served}" for each in passing if each.served is not None)


def write_results(outcomes, batched):
    RESULTS.write_text("\n".join(lines(outcomes, batched)) + "\n")


def lines(outcomes, freed):
    carried = [each for each in outcomes if not each.foreign]
    foreign = [each for each in outcomes if each.foreign]
    passing = [each for each in carried if each.plain is None]
    yield "# The last full run of `npm run test:onnx`"
    yield ""
    yield f"{date.today()}: Python {platform.python_version()}; " + "; ".join(f"{name} {version(name)}" for name in PACKAGES) + "."
    yield ""
    yield ("ONNX's own backend tests, each model served without a config file from a repository of links and asked with "
           "tritonclient over gRPC; beside it the same case with plain onnxruntime for Python. A case passes when all its "
           f"outputs have the expected shape, type and numbers (rtol {compare.RTOL:g}, atol {compare.ATOL:g}).")
    yield ""
    yield from counts(outcomes)
    yield ""
    ran = [each for each in carried if each.ran]
    same = [each for each in ran if each.same is None]
    yield (f"Plain onnxruntime runs {len(ran)} of the cases whose values are carried to their end, right or not; in "
           f"{len(same)} of them the server's answers are onnxruntime's ({share(len(same), len(ran))})."
           + "".join(f" {each.model}: {each.same}." for each in ran if each.same is not None))
    yield ""
    yield from batching(carried, freed)
    yield ""
    yield "## What plain onnxruntime passes and the server does not"
    yield ""
    failing = [each for each in (*passing, *freed) if each.plain is None and each.served is not None]
    yield from reasons(failing, lambda each: served_reason(each.served))
    yield ""
    yield "## What cannot be carried"
    yield ""
    yield ("Inputs or outputs that are no tensors, or of element types that the protocol or onnxruntime-node has no form "
           "for. All are refused at load.")
    yield ""
    yield from foreign_table(foreign)
    yield ""
    yield "## What plain onnxruntime does not pass"
    yield ""
    yield from reasons([each for each in carried if each.plain is not None], lambda each: plain_reason(each.plain))
    also = [each.model for each in carried if each.plain is not None and each.served is None]
    yield ""
    yield f"The server passes {len(also)} of these{': ' + ', '.join(also) if also else ''}."


def batching(carried, freed):
    """Which of the cases are batched, and what of those whose first dimension was freed."""
    free = sum(each.batched for each in carried)
    passing = [each for each in freed if each.plain is None]
    served = sum(each.served is None for each in passing)
    batched = sum(each.batched for each in passing)
    yield (f"Models that the server batches: {free}, since nearly all have fixed first dimensions. With that dimension free in the "
           f"{len(freed)} whose inputs and outputs share it, plain onnxruntime passes {len(passing)}; the server completes "
           f"{batched} of these with a batch size, and passes {served} ({share(served, len(passing))}).")


def counts(outcomes):
    yield "| kind | cases | tensors that are carried | of these plain onnxruntime passes | of these the server passes |"
    yield "| --- | --- | --- | --- | --- |"
    for kind in [*KINDS, "all"]:
        of_kind = [each for each in outcomes if kind in (each.kind, "all")]
        carried = [each for each in of_kind if not each.foreign]
        passing = [each for each in carried if each.plain is None]
        served = sum(each.served is None for each in passing)
        yield f"| {kind} | {len(of_kind)} | {len(carried)} | {len(passing)} | {served} ({share(served, len(passing))}) |"


def reasons(outcomes, reason_of):
    if not outcomes:
        yield "Nothing."
        return
    found = defaultdict(list)
    for each in outcomes:
        found[reason_of(each)].append(each.model)
    yield "| reason | cases | which |"
    yield "| --- | --- | --- |"
    for reason, models in sorted(found.items(), key=lambda item: -len(item[1])):
        named = ", ".join(models[:NAMED_MAX]) + (", …" if len(models) > NAMED_MAX else "")
        yield f"| {cell(reason)} | {len(models)} | {named} |"


def foreign_table(outcomes):
    yield "| what | cases | plain onnxruntime opens | the server says |"
    yield "| --- | --- | --- | --- |"
    groups = defaultdict(list)
    for each in outcomes:
        groups[", ".join(each.foreign)].append(each)
    for kinds, group in sorted(groups.items()):
        said = Counter(served_reason(each.served or "nothing: it loads") for each in group)
        opens = sum(each.plain is None for each in group)
        yield f"| {kinds} | {len(group)} | {opens} | {cell('; '.join(said))} |"


TEXT_MAX = 200


def cell(text):
    short = text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + "…"
    return short.replace("|", "\\|")


def share(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"
