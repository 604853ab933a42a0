// Tensors in a client's shared memory against the same tensors in the message, both ways, on one server.
// node dist/bench/shared-memory.js [--seconds=2] [--rounds=3] [--name=shared-memory]
import { rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { monotonicClock } from '../src/inference/clock.js';
import { InferClient } from '../src/loadtest/client.js';
import { drive, mergeSerial, type LoadResult } from '../src/loadtest/load.js';
import { encodeMessage } from '../src/loadtest/payload.js';
import { formatTable, toFigures, type LoadFigures } from '../src/loadtest/report.js';
import { WatchedServer } from './inference/server.js';
import { cpuSeconds } from './process-usage.js';
import { progress } from './progress.js';
import { publish } from './results.js';
import { ServiceClient } from './service-client.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    name: { type: 'string', default: 'shared-memory' },
  },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];

const sizes = { '64KiB': 64 * 1024, '1MiB': 1024 * 1024, '16MiB': 16 * 1024 * 1024 } as const;
const concurrencies = [1, 4];
const ways = ['message', 'shared memory'] as const;

interface Cell {
  readonly way: (typeof ways)[number];
  readonly payload: keyof typeof sizes;
  readonly concurrency: number;
}

interface Measured extends Cell {
  readonly figures: LoadFigures;
  readonly serverCpuSecondsPer1000: number;
  readonly clientCpuSecondsPer1000: number;
  readonly loopP99Us: number;
  readonly loopMaxUs: number;
}

const server = await WatchedServer.start([
  'dist/src/cli/main.js',
  'serve',
  '--model-repository=test/models/repository',
  '--model-control-mode=explicit',
  '--load-model=identity_fp32',
  '--grpc-address=127.0.0.1',
  '--grpc-port=0',
  '--http-address=127.0.0.1',
  '--http-port=0',
  '--allow-client-shm=true',
]);
const control = new ServiceClient(server.port);
const cells = Object.keys(sizes).flatMap((payload) =>
  concurrencies.flatMap((concurrency) =>
    ways.map((way) => ({ way, payload: payload as Cell['payload'], concurrency })),
  ),
);
const loads = new Map<
  Cell,
  { loads: LoadResult[]; cpu: number; ownCpu: number; p99: number[]; max: number[] }
>();
for (const cell of cells) loads.set(cell, { loads: [], cpu: 0, ownCpu: 0, p99: [], max: [] });
try {
  await server.loopDelay();
  for (let round = 0; round < rounds; round++) {
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) {
      progress(`round ${round + 1} of ${rounds}: ${cell.payload} c=${cell.concurrency} ${cell.way}`);
      // oxlint-disable-next-line no-await-in-loop
      await measure(cell);
    }
  }
} finally {
  control.close();
  await server.close();
}
await report(cells.map(toMeasured));

/** Drives one cell, each of its lanes with a connection and with objects of its own. */
async function measure(cell: Cell): Promise<void> {
  const lanes = Array.from({ length: cell.concurrency }, (_, lane) => lane);
  const objects = lanes.flatMap((lane) => [objectName(lane, 'in'), objectName(lane, 'out')]);
  const bytes = sizes[cell.payload];
  if (cell.way === 'shared memory') {
    for (const key of objects) {
      writeFileSync(`/dev/shm/${key}`, new Uint8Array(bytes).fill(1));
      // oxlint-disable-next-line no-await-in-loop
      await control.call('SystemSharedMemoryRegister', { name: key, key, byte_size: bytes });
    }
  }
  const target = `127.0.0.1:${server.port}`;
  const answerBytesMin = cell.way === 'message' ? bytes : 1;
  const clients = lanes.map(
    (lane) => new InferClient({ target, request: encodeMessage(message(cell, lane)), answerBytesMin }),
  );
  const load = (ms: number): Promise<LoadResult> =>
    drive(clients, { concurrency: cell.concurrency, limit: { kind: 'duration', ms } }, monotonicClock);
  await load(300);
  await server.loopDelay();
  const [cpu, own] = [cpuSeconds(server.pid), process.cpuUsage()];
  const result = await load((seconds * 1000) / rounds);
  const used = process.cpuUsage(own);
  const kept = loads.get(cell);
  if (kept === undefined) throw new Error('an unknown cell');
  kept.cpu += cpuSeconds(server.pid) - cpu;
  kept.ownCpu += (used.user + used.system) / 1e6;
  const loop = await server.loopDelay();
  kept.p99.push(loop.p99Us);
  kept.max.push(loop.maxUs);
  kept.loads.push(result);
  for (const client of clients) client.close();
  await control.call('SystemSharedMemoryUnregister', { name: '' });
  for (const key of objects) rmSync(`/dev/shm/${key}`, { force: true });
}

function objectName(lane: number, side: 'in' | 'out'): string {
  return `nereid-bench-${process.pid}-${lane}-${side}`;
}

function message({ way, payload }: Cell, lane: number): object {
  const byteSize = sizes[payload];
  const tensor = { datatype: 'FP32', shape: [1, byteSize / 4] };
  if (way === 'message') {
    return {
      model_name: 'identity_fp32',
      inputs: [{ name: 'INPUT0', ...tensor }],
      raw_input_contents: [Buffer.alloc(byteSize, 1)],
    };
  }
  const parameters = (side: 'in' | 'out'): object => ({
    shared_memory_region: { string_param: objectName(lane, side) },
    shared_memory_byte_size: { int64_param: byteSize },
  });
  return {
    model_name: 'identity_fp32',
    inputs: [{ name: 'INPUT0', ...tensor, parameters: parameters('in') }],
    outputs: [{ name: 'OUTPUT0', parameters: parameters('out') }],
  };
}

function toMeasured(cell: Cell): Measured {
  const kept = loads.get(cell);
  if (kept === undefined) throw new Error('an unknown cell');
  const figures = toFigures(mergeSerial(kept.loads));
  const per1000 = (cpuSecs: number): number => (cpuSecs / Math.max(1, figures.requests)) * 1000;
  return {
    ...cell,
    figures,
    serverCpuSecondsPer1000: per1000(kept.cpu),
    clientCpuSecondsPer1000: per1000(kept.ownCpu),
    loopP99Us: Math.max(...kept.p99),
    loopMaxUs: Math.max(...kept.max),
  };
}

async function report(measured: readonly Measured[]): Promise<void> {
  const head = ['payload', 'c', 'tensors in', 'requests', 'failed', 'req/s', 'p50 ms', 'p99 ms'];
  const more = ['server CPU-s/1000', 'client CPU-s/1000', 'loop p99 ms', 'loop max ms'];
  const rows = measured.map(({ figures, ...one }) => [
    one.payload,
    String(one.concurrency),
    one.way,
    String(figures.requests),
    String(figures.failed),
    figures.requestsPerSecond.toFixed(0),
    (figures.p50Us / 1000).toFixed(2),
    (figures.p99Us / 1000).toFixed(2),
    one.serverCpuSecondsPer1000.toFixed(2),
    one.clientCpuSecondsPer1000.toFixed(2),
    (one.loopP99Us / 1000).toFixed(2),
    (one.loopMaxUs / 1000).toFixed(2),
  ]);
  await publish(values.name, { seconds, rounds, measured }, formatTable([...head, ...more], rows));
}
