// Fetches Debian's package of Prometheus, without installing it: its server and promtool go to .tools/.
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keepTool, runOrFail } from '../interop/install.mjs';

const missing =
  "there is no 'apt-get'. Prometheus is taken from Debian's package: where there is none, put the programs prometheus and " +
  "promtool into .tools/, each beside a file <name>.version that says 'debian prometheus'";

export function installPrometheus() {
  for (const name of ['prometheus', 'promtool']) {
    keepTool(name, 'debian prometheus', (program) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'nereid-prometheus-'));
      try {
        runOrFail('apt-get', ['-qq', 'download', 'prometheus'], { cwd: folder, missing });
        const [file] = readdirSync(folder);
        runOrFail('dpkg', ['-x', path.join(folder, file), folder]);
        copyFileSync(path.join(folder, 'usr/bin', name), program);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
}
