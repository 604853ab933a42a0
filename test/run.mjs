// Runs every built test file with Node's own runner; a pattern on the command line narrows the files.
import { readdirSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../dist/test', import.meta.url));
const [pattern = ''] = process.argv.slice(2);
const files = readdirSync(root, { recursive: true })
  .map((name) => path.join(root, String(name)))
  .filter((name) => name.endsWith('.test.js') && name.includes(pattern));

run({ files, concurrency: 2, timeout: 120_000 })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(new spec())
  .pipe(process.stdout);
