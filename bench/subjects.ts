import type { RequestPlan } from '../src/loadtest/payload.js';
import { ServerProcess } from './server-process.js';

/** A server that is measured, and the model that it is asked for. */
export interface Subject {
  readonly name: string;
  readonly server: ServerProcess;
  readonly model: 'identity_fp32' | 'simple';
  /** Speaks TLS, with a certificate that nobody knows. */
  readonly tls?: boolean;
}

export interface Payload {
  readonly name: string;
  readonly bytes: number;
}

const KiB = 1024;

export const payloads: readonly Payload[] = [
  { name: '4KiB', bytes: 4 * KiB },
  { name: '64KiB', bytes: 64 * KiB },
  { name: '600KiB', bytes: 600 * KiB },
  { name: '1MiB', bytes: KiB * KiB },
  { name: '16MiB', bytes: 16 * KiB * KiB },
];

/** What `simple` takes: two vectors of 16 integers, always. */
export const simplePayload: Payload = { name: '128B', bytes: 128 };

export function requestFor({ model }: Subject, { bytes }: Payload): RequestPlan {
  if (model === 'identity_fp32') {
    return {
      model,
      inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, bytes / 4], byteLength: bytes }],
    };
  }
  const vector = { datatype: 'INT32', shape: [1, 16], byteLength: 64 };
  return {
    model,
    inputs: [
      { name: 'INPUT0', ...vector },
      { name: 'INPUT1', ...vector },
    ],
  };
}

/** How `npm start` runs Node; what is ours is measured as it is served. */
export const ourNodeFlags = ['--v8-pool-size=0'];

export function startRealServer(more: readonly string[] = []): Promise<ServerProcess> {
  return ServerProcess.start(process.execPath, [
    ...ourNodeFlags,
    'dist/src/cli/main.js',
    'serve',
    '--model-repository=model_repository',
    '--grpc-address=127.0.0.1',
    '--grpc-port=0',
    '--http-port=0',
    '--metrics-port=0',
    ...more,
  ]);
}

/** Starts the servers that the wanted subjects need; no name stands for all of them. */
export async function startSubjects(wanted: readonly string[]): Promise<readonly Subject[]> {
  const keep = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
  const subjects: Subject[] = [];
  for (const name of ['echo-grpc-js', 'echo-nereid'].filter(keep)) {
    const flags = name === 'echo-nereid' ? ourNodeFlags : [];
    const server = await ServerProcess.start(process.execPath, [...flags, `dist/bench/${name}.js`]);
    subjects.push({ name, server, model: 'identity_fp32' });
  }
  const models = (['identity_fp32', 'simple'] as const).filter(keep);
  if (models.length > 0) {
    const server = await startRealServer();
    for (const model of models) subjects.push({ name: model, server, model });
  }
  return subjects;
}

export async function closeSubjects(subjects: readonly Subject[]): Promise<void> {
  await Promise.all([...new Set(subjects.map(({ server }) => server))].map((server) => server.close()));
}
