"""Runs the cases and tells what came of them; without arguments it writes RESULTS.md.

Ends with 1 when the server passes less than SHARE of what plain onnxruntime passes among the cases whose inputs
and outputs it can carry, or loads a model whose values it cannot carry.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tritonclient.grpc as triton
from batches import LARGEST, free_batches
from cases import all_cases
from nereid import Nereid
from outcome import Outcome, Ran, differences, one_line, run_case
from plain import open_plain, run_plain
from report import summary, write_results
from served import link_models, load_only, run_served

SHARE = 0.99

AT_ONCE = 6
"""Cases that are loaded, asked and unloaded at the same time."""


def main(words):
    cases = [case for case in all_cases() if all(word in case.model for word in words)]
    outcomes = run_all(cases)
    with tempfile.TemporaryDirectory() as folder:
        batched = run_all(list(free_batches(cases, Path(folder))), f"--backend-config=default-max-batch-size={LARGEST}")
    for line in (*summary(outcomes), "with the first dimension free:", *summary(batched)):
        print(line)
    if not words:
        write_results(outcomes, batched)
    taken = [each.model for each in outcomes if each.foreign and each.served is None]
    if taken:
        print(f"loaded, though not all of their values are carried: {', '.join(taken)}")
    return 0 if enough(outcomes) and enough(batched) and not taken else 1


def enough(outcomes):
    passing = [each for each in outcomes if not each.foreign and each.plain is None]
    return sum(each.served is None for each in passing) >= SHARE * len(passing)


def run_all(cases, *flags):
    return serve(cases, {case.model: run_or_open(case) for case in cases}, flags)


def run_or_open(case):
    """A case whose values are not carried is only opened."""
    if case.foreign():
        return Ran(None, error_of(lambda: open_plain(case)))
    return run_case(case, run_plain)


def error_of(call):
    try:
        call()
    except Exception as error:
        return one_line(error)
    return None


def serve(cases, plain, flags):
    with tempfile.TemporaryDirectory() as folder:
        link_models(cases, Path(folder))
        with Nereid(folder, "--model-control-mode=explicit", *flags) as server:
            with triton.InferenceServerClient(server.address) as client, ThreadPoolExecutor(AT_ONCE) as pool:
                return list(pool.map(lambda case: serve_one(client, case, plain[case.model]), cases))


def serve_one(client, case, plain):
    foreign = tuple(case.foreign())
    if foreign:
        served = error_of(lambda: load_only(client, case))
        return Outcome(case.model, case.kind, foreign, plain.failure, served)
    batched = set()
    served = run_case(case, lambda case: run_served(client, case, batched))
    ran = plain.answers is not None
    same = None
    if ran:
        same = differences(served.answers, plain.answers) if served.answers is not None else served.failure
    return Outcome(case.model, case.kind, foreign, plain.failure, served.failure, same, ran, case.model in batched)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
