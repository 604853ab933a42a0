#!/usr/bin/env python3
"""Writes the model repositories that the tests use.

    pip install onnx numpy
    python make-test-models.py            # writes repository/ and broken/

    pip install onnxruntime
    python make-test-models.py --check    # writes them, then runs each model

repository/ holds models that must load; generator/working.py describes them.
broken/ holds models that are each wrong in one way; see generator/broken.py.
Both folders are emptied first, so do not edit anything in them by hand. The
files are the same byte for byte on every run.
"""

import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # before the imports below, to leave no litter

from generator import broken, working  # noqa: E402

HERE = Path(__file__).resolve().parent


def main():
    folders = {HERE / "repository": working, HERE / "broken": broken}
    for folder, models in folders.items():
        shutil.rmtree(folder, ignore_errors=True)
        models.write_all(folder)
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        print(f"{folder.name}: {len(list(folder.iterdir()))} models,"
              f" {len(files)} files, {size} bytes")
    if "--check" in sys.argv[1:]:
        from generator import check  # here, for it alone needs onnxruntime

        check.check_working(HERE / "repository")
        check.check_broken(HERE / "broken")


if __name__ == "__main__":
    main()
