// Reads repositories from real servers of the three kinds of cloud storage, on this machine: moto for S3,
// fake-gcs-server for Google's, Azurite for Azure's. They are installed once, in .tools/.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, installGoTools, installPython, root, run, runOrFail, tools } from '../../interop/install.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const azuriteVersion = '3.35.0';

/** Azurite is a program: what it is built from stays out of the project's own node_modules. */
function installAzurite() {
  const home = path.join(tools, `azurite-${azuriteVersion}`);
  const program = path.join(home, 'node_modules/azurite/dist/src/blob/main.js');
  if (existsSync(program)) return program;
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), '{ "private": true }\n');
  const flags = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  runOrFail('npm', ['install', ...flags, `azurite@${azuriteVersion}`], { cwd: home });
  return program;
}

/** Installs the servers, runs the suite, and returns its exit status; what the project is built to must be there. */
export function runStorageSuite(args = []) {
  installGoTools({ 'fake-gcs-server': 'github.com/fsouza/fake-gcs-server@v1.56.1' });
  const python = installPython('.tools/moto', [path.join(here, 'requirements.txt')]);
  const suite = path.join(root, 'dist/test/clients/storage/suite.js');
  return run(process.execPath, ['--test', ...args, suite], {
    env: {
      NEREID_MOTO: path.join(path.dirname(python), 'moto_server'),
      NEREID_FAKE_GCS: path.join(tools, 'fake-gcs-server'),
      NEREID_AZURITE: installAzurite(),
      // Nothing outside of this machine is asked for credentials.
      AWS_EC2_METADATA_DISABLED: 'true',
      METADATA_SERVER_DETECTION: 'none',
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build();
  process.exitCode = runStorageSuite(process.argv.slice(2)) ?? 1;
}
