import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { keepTool, runOrFail, tools } from '../interop/install.mjs';

/** Builds the tonic client into .tools/ unless it is there, built of these sources. */
export function installTonic(crate) {
  const files = ['Cargo.toml', 'Cargo.lock', 'src/main.rs', 'src/messages.rs'];
  const wanted = files.map((file) => readFileSync(path.join(crate, file), 'utf8')).join('');
  const target = path.join(tools, 'tonic-target');
  const name = 'nereid-tonic-client';
  keepTool(name, wanted, (program) => {
    runOrFail('cargo', ['build', '--quiet', '--release', '--locked', '--target-dir', target], {
      cwd: crate,
      missing: `there is no 'cargo'. Rust builds the tonic client, which the suite drives: see https://rustup.rs`,
    });
    copyFileSync(path.join(target, 'release', path.basename(program)), program);
  });
}
