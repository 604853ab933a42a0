import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A storage server of this test run. */
export interface StorageServer {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

const host = '127.0.0.1';

function programOf(variable: string): string {
  const program = process.env[variable];
  if (program === undefined) throw new Error(`${variable} is not set: start this by npm run test:storage`);
  return program;
}

/** Starts a program and waits for the line that says that it listens. */
async function start(command: string, args: readonly string[], listening: RegExp): Promise<StorageServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = once(child, 'exit');
  const lines: string[] = [];
  const endpoint = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        lines.push(line);
        const [, found] = listening.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${lines.join('\n')}`)));
  });
  return {
    endpoint,
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

export function startMoto(): Promise<StorageServer> {
  return start(programOf('NEREID_MOTO'), ['-H', host, '-p', '0'], /Running on (http:\/\/127\.0\.0\.1:\d+)/);
}

export function startAzurite(): Promise<StorageServer> {
  const flags = ['--inMemoryPersistence', '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const args = [programOf('NEREID_AZURITE'), '--blobHost', host, '--blobPort', '0', ...flags];
  return start(process.execPath, args, /listens on (http:\/\/127\.0\.0\.1:\d+)/);
}

/** It says that it listens on the port that it was given, even where that is 0. */
export async function startFakeGcs(): Promise<StorageServer> {
  const port = await freePort();
  const args = ['-scheme', 'http', '-host', host, '-port', String(port), '-backend', 'memory'];
  return start(
    programOf('NEREID_FAKE_GCS'),
    [...args, '-public-host', `${host}:${port}`],
    /server started at (http:\/\/127\.0\.0\.1:\d+)/,
  );
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
