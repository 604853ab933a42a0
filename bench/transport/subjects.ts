import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ServerProcess } from '../server-process.js';
import { ourNodeFlags, type Subject } from '../subjects.js';
import { transportNames } from '../../src/frontends/grpc/transports/create.js';
import { makeCertificate } from './certificate.js';

/** An echo server: which file, what it is told, and whether it answers streams. */
export interface EchoPlan {
  readonly name: string;
  readonly args: readonly string[];
  readonly tls: boolean;
  readonly streams: boolean;
}

/** The echo servers that can be started here: each transport that was built, node:http2, and TLS. */
export function listPlans(wanted: readonly string[]): EchoPlan[] {
  const ours: readonly string[] = transportNames;
  const plans = [
    ...ours.map((name) => ({ ...overTransport(name), name, tls: false })),
    { name: 'node-http2', args: ['dist/bench/transport/echo-node-http2.js'], tls: false, streams: false },
    ...ours.map((name) => ({ ...overTransport(name), name: `${name}-tls`, tls: true })),
  ];
  return plans.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

function overTransport(transport: string): { args: string[]; streams: boolean } {
  return { args: ['dist/bench/echo-nereid.js', `--transport=${transport}`], streams: true };
}

/** All run with the flags of the real server, so that they differ in the transport only. */
export function startEcho(
  { args }: Pick<EchoPlan, 'args'>,
  more: readonly string[] = [],
): Promise<ServerProcess> {
  return ServerProcess.start(process.execPath, [...ourNodeFlags, '--expose-gc', ...args, ...more]);
}

/** Starts what the plans name and does something with it; closes all of it in the end. */
export async function withSubjects<T>(
  plans: readonly EchoPlan[],
  use: (subjects: readonly Subject[]) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nereid-bench-'));
  const subjects: Subject[] = [];
  try {
    const files = plans.some(({ tls }) => tls) ? makeCertificate(folder) : undefined;
    for (const plan of plans) {
      const flags = plan.tls && files !== undefined ? [`--cert=${files.cert}`, `--key=${files.key}`] : [];
      const server = await startEcho(plan, flags);
      subjects.push({ name: plan.name, server, model: 'identity_fp32', tls: plan.tls });
    }
    return await use(subjects);
  } finally {
    await Promise.all(subjects.map(({ server }) => server.close()));
    await rm(folder, { recursive: true, force: true });
  }
}
