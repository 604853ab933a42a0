import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsOptions } from '../frontends/grpc/transport.js';
import type { Clock } from '../inference/clock.js';
import { fileErrorReason } from '../models/file-error.js';
import type { Log } from '../telemetry/log.js';
import type { TlsFlags } from './grpc-options.js';
import { UsageError } from './usage-error.js';

/** Reads and checks the files of TLS; throws a UsageError that names the file that cannot be used. */
export async function readTls({ cert, key, clientCa }: TlsFlags): Promise<TlsOptions> {
  const read = async (flag: string, file: string): Promise<Buffer> => {
    try {
      return await readFile(file);
    } catch (error) {
      throw new UsageError(
        `--${flag} is '${file}', expected a PEM file that can be read: ${fileErrorReason(error)}`,
      );
    }
  };
  const files: TlsOptions = {
    cert: await read('grpc-server-cert', cert),
    key: await read('grpc-server-key', key),
    clientCa: clientCa === undefined ? undefined : await read('grpc-root-cert', clientCa),
  };
  checkPem(['grpc-server-cert', cert], { cert: files.cert });
  checkPem(['grpc-server-key', key], { cert: files.cert, key: files.key });
  if (files.clientCa !== undefined) checkAuthority(clientCa ?? '', files.clientCa);
  return files;
}

export interface TlsWatch {
  readonly flags: TlsFlags;
  readonly everySecs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes new files that were checked. */
  readonly apply: (tls: TlsOptions) => void;
}

/**
 * Looks every so often whether the files have changed, and hands on new ones that can be used. What cannot be
 * used is said once, and the old ones stay. The result ends the watch.
 */
export function watchTls(watch: TlsWatch): () => void {
  const { flags, everySecs, clock, log, apply } = watch;
  let stop = (): void => {};
  let stopped = false;
  const again = (known: string): void => {
    if (!stopped) stop = clock.after(everySecs * 1000, () => void look(known));
  };
  const look = async (known: string): Promise<void> => {
    const now = await fingerprint(flags);
    if (now !== known && known !== '' && !stopped) {
      try {
        apply(await readTls(flags));
        log.info('TLS certificates reloaded: new connections get them');
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.error(`TLS certificates have changed and cannot be used, the old ones stay: ${reason}`);
      }
    }
    again(now);
  };
  void look('');
  return () => {
    stopped = true;
    stop();
  };
}

/** Tells files of one moment from those of another; links are followed, as rotation often moves a link. */
async function fingerprint({ cert, key, clientCa }: TlsFlags): Promise<string> {
  const files = clientCa === undefined ? [cert, key] : [cert, key, clientCa];
  const seen = files.map(async (file) => {
    const found = await stat(file).catch(() => undefined);
    return found === undefined ? 'none' : `${found.ino}/${found.size}/${found.mtimeMs}`;
  });
  return (await Promise.all(seen)).join(' ');
}

/** Says before any model is loaded which file TLS cannot use. */
function checkPem([flag, file]: readonly [string, string], parts: SecureContextOptions): void {
  try {
    createSecureContext(parts);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const expected =
      parts.key === undefined ? 'a certificate in PEM' : 'the key of --grpc-server-cert in PEM';
    throw new UsageError(`--${flag} is '${file}', expected ${expected}: ${reason}`);
  }
}

/** An authority that is no certificate would be passed over, and every client then refused without a word. */
function checkAuthority(file: string, bytes: Buffer): void {
  try {
    if (new X509Certificate(bytes).raw.byteLength === 0) throw new Error('it is empty');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--grpc-root-cert is '${file}', expected a certificate in PEM: ${reason}`);
  }
}
