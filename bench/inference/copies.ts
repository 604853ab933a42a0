import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { formatTable } from '../../src/loadtest/report.js';
import { benchModel } from '../models/catalog.js';
import { encodeModelRequest } from '../models/request.js';
import { progress } from '../progress.js';
import { root } from '../server-process.js';
import type { CopyReport } from './copy-watch.js';
import { servingOf, type InferenceOptions } from './options.js';
import { answerBytes } from './probe.js';
import { serve, serveEcho, type WatchedServer } from './server.js';

/** How often the bytes of a tensor are copied by JavaScript on the event loop, for each function that copies. */
export interface CopyResult {
  readonly subject: string;
  readonly payload: string;
  readonly copies: CopyReport;
}

const KiB = 1024;
const payloads = { '4KiB': 4 * KiB, '64KiB': 64 * KiB, '1MiB': KiB * KiB, '16MiB': 16 * KiB * KiB };
const calls = 20;
const reportMsMax = 10_000;

/** Counts what the real server and the echo copy of requests of several sizes. */
export async function countCopies(options: InferenceOptions): Promise<CopyResult[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nereid-bench-'));
  const file = path.join(folder, 'copies');
  const watch = pathToFileURL(path.join(root, 'dist/bench/inference/copy-watch.js')).href;
  const env = { NEREID_COPY_FILE: file, NODE_OPTIONS: `--import=${watch}` };
  const serving = servingOf('identity_fp32', options);
  try {
    const nereid = await serve('copies', [serving], { flags: options.serverFlags, env });
    const ours = await countOf({ subject: 'nereid', server: nereid, file });
    const echo = await countOf({ subject: 'echo', server: await serveEcho({ env }), file });
    return [...ours, ...echo];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All sizes on one server, which is closed in the end. */
async function countOf(counted: {
  subject: string;
  server: WatchedServer;
  file: string;
}): Promise<CopyResult[]> {
  const { subject, server, file } = counted;
  const results: CopyResult[] = [];
  try {
    for (const [payload, bytes] of Object.entries(payloads)) {
      progress(`copies: ${subject} ${payload}`);
      const message = encodeModelRequest(benchModel('identity_fp32'), { size: bytes / 4 });
      await answerBytes(server.port, message);
      await readReport(server, file);
      await callAgain(server.port, message);
      const report = Object.entries(await readReport(server, file));
      const copies = Object.fromEntries(report.map(([name, sum]) => [name, sum / calls / bytes]));
      results.push({ subject, payload, copies });
    }
    return results;
  } finally {
    await server.close();
  }
}

async function callAgain(port: number, message: Buffer): Promise<void> {
  for (let call = 0; call < calls; call++) await answerBytes(port, message);
}

async function readReport(server: WatchedServer, file: string): Promise<CopyReport> {
  await rm(file, { force: true });
  process.kill(server.pid, 'SIGURG');
  for (const endMs = performance.now() + reportMsMax; performance.now() < endMs; await wait(5)) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return JSON.parse(text) as CopyReport;
  }
  throw new Error('the server did not say what it copied');
}

export function copyTable(results: readonly CopyResult[]): string {
  const names = [...new Set(results.flatMap(({ copies }) => Object.keys(copies)))];
  const rows = results.map(({ subject, payload, copies }) => {
    const each = names.map((name) => (copies[name] ?? 0).toFixed(2));
    const sum = Object.values(copies).reduce((all, one) => all + one, 0);
    return [subject, payload, ...each, sum.toFixed(2)];
  });
  const heads = ['server', 'payload', ...names, 'in all'];
  return `copies of a request's bytes on the event loop, in and out\n\n${formatTable(heads, rows)}`;
}
