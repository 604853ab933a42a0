// Runs every built test file with Node's own runner; a pattern on the command line narrows the files.
import { existsSync, readdirSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// Tests that load ONNX Runtime in this process or their own report nothing to anybody.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

const root = fileURLToPath(new URL('../dist/test', import.meta.url));
const sources = fileURLToPath(new URL('.', import.meta.url));
const [pattern = ''] = process.argv.slice(2);
const files = readdirSync(root, { recursive: true })
  .map(String)
  // A build leaves the output of sources that are gone.
  .filter((name) => name.endsWith('.test.js') && existsSync(path.join(sources, name.replace(/js$/, 'ts'))))
  .map((name) => path.join(root, name))
  .filter((name) => name.includes(pattern));
if (files.length === 0) throw new Error(`no test file has '${pattern}' in its path`);

run({ files, concurrency: 2, timeout: 120_000 })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(new spec())
  .pipe(process.stdout);
