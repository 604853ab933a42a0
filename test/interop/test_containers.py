"""The Dockerfile and the compose file, held against the rules of their linters: no engine is needed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DCLINT = "dclint@3.1.0"


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_dockerfile_breaks_no_rule():
    result = run(str(Path(sys.executable).with_name("hadolint")), "--no-color", "Dockerfile")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_compose_file_breaks_no_rule():
    result = run("npx", "--yes", DCLINT, "--max-warnings", "0", "docker-compose.yml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_linters_would_tell():
    bad = ROOT / ".tools" / "Dockerfile.bad"
    bad.parent.mkdir(exist_ok=True)
    bad.write_text("FROM node\nRUN cd /tmp\n")
    assert run(str(Path(sys.executable).with_name("hadolint")), str(bad)).returncode != 0
