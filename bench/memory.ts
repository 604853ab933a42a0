import { parseArgs } from 'node:util';
import { formatTable } from '../src/loadtest/report.js';
import { LoadWorkers } from '../src/loadtest/workers.js';
import { positive } from './options.js';
import { residentBytes } from './process-usage.js';
import { publish } from './results.js';
import { ServerProcess } from './server-process.js';
import { payloads, requestFor, startRealServer } from './subjects.js';

/** What the server promises of itself. */
const targets = { readyMs: 1500, idleMiB: 220, driftShare: 0.05 };

const stretches = 20;
const warmUpStretches = 5;
const concurrency = 64;

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '1' },
    name: { type: 'string', default: 'memory' },
  },
});
const requests = positive('requests', values.requests);

const readyMs = await timeStart();
const server = await startRealServer();
const workers = new LoadWorkers(positive('workers', values.workers));
try {
  const idleMiB = residentMiB();
  const samples = await driveAndSample();
  const result = { readyMs, idleMiB, samples, ...summary(samples) };
  await publish(values.name, { requests, targets, ...result }, describe(result));
} finally {
  workers.close();
  await server.close();
}

/** From `npm start`, with everything built, until the port is open and all models serve. */
async function timeStart(): Promise<number> {
  const started = await ServerProcess.start('npm', [
    'start',
    '--',
    '--grpc-address=127.0.0.1',
    '--grpc-port=0',
    '--http-port=0',
    '--metrics-port=0',
  ]);
  await started.close();
  return started.readyAfterMs;
}

function residentMiB(): number {
  return residentBytes(server.pid) / 1024 / 1024;
}

/** Resident memory after the warm-up, and then after each of equal stretches of the load. */
async function driveAndSample(): Promise<number[]> {
  const payload = payloads[0];
  if (payload === undefined) throw new Error('There are no payloads. This is a bug.');
  await workers.connect({
    target: `127.0.0.1:${server.port}`,
    request: requestFor({ name: 'identity_fp32', server, model: 'identity_fp32' }, payload),
    connectionCount: 4,
    answerBytesMin: payload.bytes,
  });
  const count = Math.ceil(requests / stretches);
  const samples: number[] = [];
  // Heaps and pools take their time to reach their size.
  for (let stretch = -warmUpStretches; stretch < stretches; stretch++) {
    const { failedCount } = await workers.drive({ concurrency, limit: { kind: 'count', count } });
    if (failedCount > 0) throw new Error(`${failedCount} requests failed`);
    if (stretch >= -1) samples.push(residentMiB());
  }
  return samples;
}

interface Summary {
  readonly meanMiB: number;
  /** The largest distance of a sample from the mean, as a share of it. */
  readonly driftShare: number;
}

function summary(samples: readonly number[]): Summary {
  const meanMiB = samples.reduce((sum, one) => sum + one, 0) / samples.length;
  const driftShare = Math.max(...samples.map((one) => Math.abs(one - meanMiB) / meanMiB));
  return { meanMiB, driftShare };
}

function describe(
  result: Summary & { readyMs: number; idleMiB: number; samples: readonly number[] },
): string {
  const { readyMs, idleMiB, samples, meanMiB, driftShare } = result;
  const verdict = (met: boolean): string => (met ? 'met' : 'MISSED');
  return [
    formatTable(
      ['what', 'measured', 'at most', ''],
      [
        [
          'npm start to ready, ms',
          readyMs.toFixed(0),
          String(targets.readyMs),
          verdict(readyMs <= targets.readyMs),
        ],
        [
          'idle with the sample models, MiB',
          idleMiB.toFixed(0),
          String(targets.idleMiB),
          verdict(idleMiB <= targets.idleMiB),
        ],
        [
          `distance from the mean of ${meanMiB.toFixed(0)} MiB over ${requests} requests, %`,
          (driftShare * 100).toFixed(1),
          (targets.driftShare * 100).toFixed(1),
          verdict(driftShare <= targets.driftShare),
        ],
      ],
    ),
    '',
    `resident MiB after each twentieth: ${samples.map((one) => one.toFixed(0)).join(' ')}`,
  ].join('\n');
}
