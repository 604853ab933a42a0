import assert from 'node:assert/strict';
import { rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { readTls, watchTls } from '../../src/cli/tls.js';
import type { TlsOptions } from '../../src/frontends/grpc/transport.js';
import { createTransport } from '../../src/frontends/grpc/transports/create.js';
import { makeCertificates, type Certificates } from '../frontends/grpc/transports/certificates.js';
import { eventually } from '../frontends/grpc/transports/rig.js';
import { FakeClock } from '../support/fake-clock.js';
import { memoryLog, plainTransport, withFolder } from '../support/server.js';

let first: Certificates;
let second: Certificates;

before(async () => {
  [first, second] = await Promise.all([makeCertificates(), makeCertificates()]);
});

async function write(folder: string, { server }: Certificates): Promise<void> {
  await writeFile(path.join(folder, 'cert.pem'), server.cert);
  await writeFile(path.join(folder, 'key.pem'), server.key);
}

describe('files of TLS that change', () => {
  async function watched(
    use: (at: {
      folder: string;
      applied: TlsOptions[];
      lines: string[];
      look: () => Promise<void>;
    }) => Promise<void>,
  ) {
    await withFolder(async (folder) => {
      await write(folder, first);
      const clock = new FakeClock();
      const { log, lines } = memoryLog();
      const applied: TlsOptions[] = [];
      const flags = {
        cert: path.join(folder, 'cert.pem'),
        key: path.join(folder, 'key.pem'),
        clientCa: undefined,
      };
      const armed = (): Promise<void> => eventually(() => clock.waitsMs.length === 1, 'the next look is due');
      const stop = watchTls({ flags, everySecs: 10, clock, log, apply: (tls) => applied.push(tls) });
      await armed();
      const look = async (): Promise<void> => {
        clock.advance(10_000);
        await armed();
      };
      await use({ folder, applied, lines, look });
      stop();
      assert.deepEqual(clock.waitsMs, []);
    });
  }

  test('are taken when they are new, and not while they stay', () =>
    watched(async ({ folder, applied, lines, look }) => {
      await look();
      assert.equal(applied.length, 0);
      await write(folder, second);
      await look();
      await look();
      assert.deepEqual(
        applied.map(({ cert }) => cert),
        [second.server.cert],
      );
      assert.match(lines.join('\n'), /TLS certificates reloaded/);
    }));

  test('are named and left alone when they cannot be used, until they can', () =>
    watched(async ({ folder, applied, lines, look }) => {
      await writeFile(path.join(folder, 'cert.pem'), second.server.cert);
      await look();
      assert.equal(applied.length, 0);
      assert.match(
        lines.join('\n'),
        /cannot be used, the old ones stay: --grpc-server-key is '.*key\.pem', expected/,
      );
      await writeFile(path.join(folder, 'key.pem'), second.server.key);
      await look();
      assert.equal(applied.length, 1);
    }));

  test('are found behind a link that is moved, as Kubernetes does it', () =>
    withFolder(async (folder) => {
      const target = path.join(folder, 'link');
      for (const [name, certificates] of [
        ['one', first],
        ['two', second],
      ] as const) {
        await writeFile(path.join(folder, `${name}.pem`), certificates.server.cert);
        await writeFile(path.join(folder, `${name}.key`), certificates.server.key);
      }
      await symlink(path.join(folder, 'one.pem'), `${target}.pem`);
      await symlink(path.join(folder, 'one.key'), `${target}.key`);
      const clock = new FakeClock();
      const applied: TlsOptions[] = [];
      const flags = { cert: `${target}.pem`, key: `${target}.key`, clientCa: undefined };
      const stop = watchTls({
        flags,
        everySecs: 1,
        clock,
        log: memoryLog().log,
        apply: (tls) => applied.push(tls),
      });
      await eventually(() => clock.waitsMs.length === 1, 'the first look');
      for (const end of ['pem', 'key']) {
        await symlink(path.join(folder, `two.${end}`), `${target}.new`);
        await rename(`${target}.new`, `${target}.${end}`);
      }
      clock.advance(1000);
      await eventually(() => applied.length === 1, 'the new files');
      assert.deepEqual(applied[0]?.cert, second.server.cert);
      stop();
    }));
});

test('new connections get the new certificate, those that are open go on', async () => {
  const serverTls = (certificates: Certificates): TlsOptions => ({
    ...certificates.server,
    clientCa: undefined,
  });
  const transport = createTransport('http2', [], { ...plainTransport, tls: serverTls(first) });
  const port = await transport.listen();
  const open = async ({ ca }: Certificates): Promise<TLSSocket> => {
    const socket = connect({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return socket;
  };
  const before = await open(first);
  transport.setTls?.(serverTls(second));
  const after = await open(second);
  await assert.rejects(open(first));
  assert.equal(before.destroyed, false);
  let answered = false;
  before.once('data', () => (answered = true));
  before.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  await eventually(() => answered, 'the old connection is served');
  before.destroy();
  after.destroy();
  transport.close();
});

test('files that are no PEM are refused by flag and name', async () => {
  await withFolder(async (folder) => {
    const file = path.join(folder, 'none.pem');
    await assert.rejects(readTls({ cert: file, key: file, clientCa: undefined }), {
      message: `--grpc-server-cert is '${file}', expected a PEM file that can be read: no such file or directory`,
    });
  });
});
