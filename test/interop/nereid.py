"""A `nereid serve` process."""

import functools
import os
import subprocess
from pathlib import Path

from listener import PATIENCE_S, Listener

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "dist/src/cli/main.js"
NODE = os.environ.get("NEREID_NODE", "node")

TEST_MODELS = ROOT / "test/models/repository"
BROKEN_MODELS = ROOT / "test/models/broken"
SAMPLE_MODELS = ROOT / "model_repository"

CHOSEN_TRANSPORT = os.environ.get("NEREID_GRPC_TRANSPORT")
"""The transport of servers whose test names none; unset it is the server's own default."""

CHOSEN_HTTP_TRANSPORT = os.environ.get("NEREID_HTTP_TRANSPORT")
"""What carries HTTP; unset it is the server's own default."""


def run_nereid(*args):
    """Runs the command to its end."""
    return subprocess.run([NODE, MAIN, *map(str, args)], capture_output=True, text=True, timeout=PATIENCE_S, cwd=ROOT)


@functools.cache
def has_transport_flag():
    return "--grpc-transport" in run_nereid("serve", "--help").stdout


def has_transport(name):
    """Servers without the flag have one transport."""
    return has_transport_flag() or name == "grpc-js"


# On this machine alone, ports that are free.
FREE_PORTS = ["--grpc-port=0", "--grpc-address=127.0.0.1", "--http-port=0", "--http-address=127.0.0.1",
              "--metrics-port=0"]


def _transport_flags(name):
    if name is None:
        return []
    assert has_transport(name), f"`nereid serve` has no --grpc-transport, which {name} needs"
    return [f"--grpc-transport={name}"] if has_transport_flag() else []


def _http_transport_flags():
    return [] if CHOSEN_HTTP_TRANSPORT is None else [f"--http-transport={CHOSEN_HTTP_TRANSPORT}"]


class Nereid(Listener):
    """Serves a repository on a free port of 127.0.0.1 from the moment it exists until `stop`."""

    def __init__(self, repository, *flags, transport=CHOSEN_TRANSPORT):
        super().__init__(
            [NODE, MAIN, "serve", f"--model-repository={repository}", *FREE_PORTS,
             *_transport_flags(transport), *_http_transport_flags(), *flags],
            r"Started GRPCInferenceService at (127\.0\.0\.1:\d+)", cwd=ROOT,
        )

    @property
    def http_address(self):
        return self.wait_for(r"Started HTTPService at (127\.0\.0\.1:\d+)").group(1)
