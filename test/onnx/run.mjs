// Serves every case of ONNX's own backend tests without a config and compares the answers with those that the
// case expects, as plain onnxruntime for Python does beside it. A full run writes RESULTS.md.
// npm run test:onnx -- reduce_sum runs the cases whose name contains a word.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, installPython, root, run } from '../interop/install.mjs';

const suite = path.dirname(fileURLToPath(import.meta.url));

const python = installPython('.venv-onnx', [path.join(suite, 'requirements.txt')]);
build();
const status = run(python, [path.join(suite, 'suite.py'), ...process.argv.slice(2)], {
  env: {
    NEREID_NODE: process.execPath,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONPATH: path.join(root, 'test/interop'),
  },
});
process.exit(status ?? 1);
