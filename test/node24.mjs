// Runs the built tests on Node 24, from npm's package of that name in a folder of its own, so that npm
// scripts and everything else keep the Node of whoever calls.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '24.21.0';
const root = fileURLToPath(new URL('..', import.meta.url));
const home = path.join(root, '.tools', `node-${version}`);
const node = path.join(home, 'node_modules', 'node', 'bin', 'node');

if (!existsSync(node)) {
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), '{ "private": true }\n');
  // The package's own script fetches the binary for this machine; it is the point of installing it.
  execFileSync('npm', ['install', '--no-save', '--ignore-scripts=false', `node@${version}`], {
    cwd: home,
    stdio: 'inherit',
  });
}
const runner = path.join(root, 'test', 'run.mjs');
const { status } = spawnSync(node, [runner, ...process.argv.slice(2)], { stdio: 'inherit' });
process.exitCode = status ?? 1;
