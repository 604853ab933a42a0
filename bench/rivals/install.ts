import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../server-process.js';

const run = promisify(execFile);
const installMsMax = 15 * 60_000;

/**
 * The Python of an environment in .tools/rivals, made when it is not there as wanted. The copy of the
 * requirements inside is written last: without it the folder is unfinished.
 */
export async function installRival(name: string): Promise<string> {
  const folder = path.join(root, '.tools/rivals', name);
  const requirements = path.join(root, 'bench/rivals', `requirements-${name}.txt`);
  const python = path.join(folder, 'bin/python');
  const installed = path.join(folder, 'requirements.txt');
  const wanted = await readFile(requirements, 'utf8');
  if ((await readFile(installed, 'utf8').catch(() => '')) === wanted) return python;
  await rm(folder, { recursive: true, force: true });
  const limit = { timeout: installMsMax };
  await run(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', folder], limit);
  await run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements], limit);
  await writeFile(installed, wanted);
  return python;
}
