"""The programs that the runner has installed."""

import os
import shutil
import subprocess

import pytest
from listener import PATIENCE_S


def has_tool(name):
    return shutil.which(name, path=os.environ.get("NEREID_TOOLS")) is not None


def find_tool(name):
    program = shutil.which(name, path=os.environ.get("NEREID_TOOLS"))
    if program is None:
        pytest.fail(f"there is no {name} in NEREID_TOOLS: the npm script of the suite puts it there")
    return program


def run_tool(name, *args):
    return subprocess.run([find_tool(name), *args], capture_output=True, text=True, timeout=PATIENCE_S)


def grpcurl(*args):
    ended = run_tool("grpcurl", "-plaintext", *args)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
