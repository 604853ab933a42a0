// Runs the built server under every client that we know, on each transport: the whole of test:interop, and the
// suite beside this file; then the suite of storage/, where the servers are what others made. A full run writes
// RESULTS.md. What all of them need is installed once and kept: .venv-clients/ and .tools/.
// npm run test:clients -- --transport=http2 runs one transport; other arguments go to pytest, of this suite alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  build,
  downloadModels,
  fail,
  installGoModules,
  installGoTools,
  installPython,
  interopGoModules,
  interopGoTools,
  interopModels,
  interopRequirements,
  root,
  run,
  runPytest,
} from '../interop/install.mjs';
import { installPerfAnalyzer } from './install-perf-analyzer.mjs';
import { installPrometheus } from './install-prometheus.mjs';
import { installTonic } from './install-tonic.mjs';
import { runStorageSuite } from './storage/run.mjs';

const suite = path.dirname(fileURLToPath(import.meta.url));
const interop = path.join(root, 'test/interop');
const transports = ['grpc-js', 'http2'];

const clientTools = { client: 'google.golang.org/grpc/interop/client@v1.85.0' };

const given = process.argv.slice(2);
const named = given.filter((argument) => argument.startsWith('--transport='));
const asked = given.filter((argument) => !named.includes(argument));
const chosen = named.length === 0 ? transports : named.map((argument) => argument.split('=')[1]);
const unknown = chosen.find((name) => !transports.includes(name));
if (unknown !== undefined) fail(`--transport=${unknown}: there are ${transports.join(' and ')}`);

installGoTools({ ...interopGoTools, ...clientTools });
installGoModules(interopGoModules);
installTonic(path.join(suite, 'tonic'));
installPrometheus();
const python = installPython('.venv-clients', [interopRequirements, path.join(suite, 'requirements.txt')]);
downloadModels(python, interopModels);
installPerfAnalyzer(python);
build();

const flags = chosen.map((name) => `--transport=${name}`);
if (asked.length > 0) process.exit(runPytest(python, suite, { args: [...flags, ...asked] }) ?? 1);

const reports = mkdtempSync(path.join(tmpdir(), 'nereid-clients-'));
try {
  const report = (name) => `--junit-xml=${path.join(reports, `${name}.xml`)}`;
  const statuses = chosen.map((transport) =>
    runPytest(python, interop, {
      args: [report(`interop-${transport}`)],
      env: { NEREID_GRPC_TRANSPORT: transport },
    }),
  );
  statuses.push(runPytest(python, suite, { args: [report('clients'), ...flags] }));
  statuses.push(runStorageSuite());
  if (chosen.length === transports.length)
    statuses.push(
      run(python, [path.join(suite, 'results.py'), reports, path.join(suite, 'RESULTS.md')], {
        env: { NEREID_NODE: process.execPath },
      }),
    );
  process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}
