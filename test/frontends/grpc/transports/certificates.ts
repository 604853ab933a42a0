import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { withFolder } from '../../../support/server.js';

export interface Certificates {
  readonly ca: Buffer;
  readonly server: { readonly cert: Buffer; readonly key: Buffer };
  readonly client: { readonly cert: Buffer; readonly key: Buffer };
}

const run = promisify(execFile);

/** An authority of its own, a server for 127.0.0.1 and a client, all for one day, made by openssl. */
export function makeCertificates(): Promise<Certificates> {
  return withFolder(async (folder) => {
    const openssl = (...args: string[]) => run('openssl', args, { cwd: folder, timeout: 30_000 });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await writeFile(path.join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    await openssl(
      'req',
      '-x509',
      ...key,
      '-days',
      '1',
      '-subj',
      '/CN=ca',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
    );
    for (const name of ['server', 'client']) {
      await openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
      await openssl('x509', '-req', '-days', '1', '-in', `${name}.csr`, ...signed, '-out', `${name}.pem`);
    }
    const read = (name: string) => readFile(path.join(folder, name));
    return {
      ca: await read('ca.pem'),
      server: { cert: await read('server.pem'), key: await read('server.key') },
      client: { cert: await read('client.pem'), key: await read('client.key') },
    };
  });
}
