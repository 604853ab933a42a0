// Runs the black-box suite: the built server under the official Python clients, grpcurl and ghz. What these
// need is installed under the project's root once and kept: .venv-interop/ and .tools/.
// Arguments go to pytest: npm run test:interop -- -k streams
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const suite = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(suite, '../..');
const venv = path.join(root, '.venv-interop');
const tools = path.join(root, '.tools');
const windows = process.platform === 'win32';

const goTools = {
  grpcurl: 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4',
  ghz: 'github.com/bojand/ghz/cmd/ghz@v0.120.0',
};

function fail(message) {
  console.error(`test:interop: ${message}`);
  process.exit(1);
}

/** Runs a command to its end; `missing` says what to do when there is no such command. */
function run(command, args, { missing, env = {} } = {}) {
  const { error, status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error?.code === 'ENOENT' && missing !== undefined) fail(missing);
  if (error !== undefined) fail(`cannot run ${command}: ${error.message}`);
  return status;
}

function runOrFail(command, args, options) {
  const status = run(command, args, options);
  if (status !== 0) fail(`failed with ${status}: ${command} ${args.join(' ')}`);
}

/** Text of a file, or undefined when there is none. */
function textOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function inVenv(name) {
  return path.join(venv, windows ? 'Scripts' : 'bin', name);
}

/** The copy of the requirements inside the folder is written last: without it the folder is unfinished. */
function installPython() {
  const wanted = readFileSync(path.join(suite, 'requirements.txt'), 'utf8');
  const installed = path.join(venv, 'requirements.txt');
  if (textOf(installed) === wanted) return;
  const python = process.env.PYTHON ?? (windows ? 'python' : 'python3');
  rmSync(venv, { recursive: true, force: true });
  runOrFail(python, ['-m', 'venv', venv], {
    missing: `there is no '${python}'. Python 3.11 or later runs the official clients; PYTHON may name another one.`,
  });
  const requirements = path.join(suite, 'requirements.txt');
  runOrFail(inVenv('python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  writeFileSync(installed, wanted);
}

function installGoTools() {
  for (const [name, source] of Object.entries(goTools)) {
    const program = path.join(tools, windows ? `${name}.exe` : name);
    const installed = path.join(tools, `${name}.version`);
    if (existsSync(program) && textOf(installed) === source) continue;
    runOrFail('go', ['install', source], {
      env: { GOBIN: tools },
      missing: `there is no 'go'. Go installs ${name} (${source}), which the suite drives: see https://go.dev/dl`,
    });
    writeFileSync(installed, source);
  }
}

installGoTools();
installPython();
runOrFail(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc')]);
const asked = process.argv.slice(2);
const status = run(
  inVenv('python'),
  ['-m', 'pytest', '-c', path.join(suite, 'pytest.ini'), suite, ...asked],
  {
    env: { NEREID_TOOLS: tools, NEREID_NODE: process.execPath, PYTHONDONTWRITEBYTECODE: '1' },
  },
);
process.exit(status ?? 1);
