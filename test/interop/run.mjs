// Runs the black-box suite: the built server under the official Python clients, grpcurl, ghz and h2spec. What
// these need is installed under the project's root once and kept: .venv-interop/ and .tools/.
// Arguments go to pytest: npm run test:interop -- -k streams
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  build,
  downloadModels,
  installGoModules,
  installGoTools,
  installPython,
  interopGoModules,
  interopGoTools,
  interopModels,
  interopRequirements,
  runPytest,
} from './install.mjs';

const suite = path.dirname(fileURLToPath(import.meta.url));

installGoTools(interopGoTools);
installGoModules(interopGoModules);
const python = installPython('.venv-interop', [interopRequirements]);
downloadModels(python, interopModels);
build();
const status = runPytest(python, suite, { args: process.argv.slice(2) });
process.exit(status ?? 1);
