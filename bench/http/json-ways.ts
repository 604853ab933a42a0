import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { readInferRequest } from '../../src/frontends/http/codec/infer-request.js';
import { JsonCodec } from '../../src/frontends/http/json-codec.js';
import { formatTable } from '../../src/loadtest/report.js';

// Ways to read a large JSON body beside an event loop that has other things to do: in one go, in slices of some 100 µs over
// turns of the loop, in threads. What is told of each: bodies per second, and how late a timer of 1 ms comes meanwhile.

const limits = { tensorBytesMax: 2 ** 26 };
const pixels = Array.from({ length: 3 * 224 * 224 }, (_, i) =>
  String(Math.fround(Math.sin(i * 12.9898) * 2)),
);
const body = (from: number, to: number): Buffer =>
  Buffer.from(
    `{"inputs":[{"name":"x","datatype":"FP32","shape":[${to - from}],"data":[${pixels.slice(from, to).join(',')}]}]}`,
  );
const whole = body(0, pixels.length);
const sliceCount = 1000;
const slices = Array.from({ length: Math.ceil(pixels.length / sliceCount) }, (_, i) =>
  body(i * sliceCount, Math.min((i + 1) * sliceCount, pixels.length)),
);
/** As they come off a socket. */
const pieces = (): Uint8Array[] =>
  Array.from(
    { length: Math.ceil(whole.byteLength / 65_536) },
    (_, i) => new Uint8Array(whole.subarray(i * 65_536, (i + 1) * 65_536)),
  );

const ways: readonly { readonly name: string; readonly read: () => Promise<unknown> }[] = [
  { name: 'in one go', read: async () => readInferRequest(whole, limits) },
  {
    name: 'in slices',
    read: async () => {
      for (const slice of slices) {
        readInferRequest(slice, limits);
        await nextTurn();
      }
    },
  },
  ...[1, 2].map((threads) => {
    const codec = new JsonCodec(threads);
    return {
      name: threads === 1 ? 'one thread' : `${threads} threads`,
      read: () => codec.read(pieces(), whole.byteLength, limits),
    };
  }),
  {
    name: 'JSON.parse',
    read: async () =>
      Float32Array.from(
        (JSON.parse(whole.toString()) as { inputs: { data: number[] }[] }).inputs[0]?.data ?? [],
      ),
  },
];

const laneCount = 4;
const cellMs = 3000;

const rows: string[][] = [];
for (const { name, read } of ways) {
  await read();
  await read();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startMs = performance.now();
  let count = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - startMs < cellMs) {
      await read();
      count++;
      await nextTurn();
    }
  };
  await Promise.all(Array.from({ length: laneCount }, lane));
  delay.disable();
  const late = (ns: number): string => Math.max(0, ns / 1e6 - 1).toFixed(2);
  const perSecond = (count / (performance.now() - startMs)) * 1000;
  rows.push([
    name,
    perSecond.toFixed(0),
    late(delay.percentile(50)),
    late(delay.percentile(99)),
    late(delay.max),
  ]);
  await wait(100);
}
console.log(`${(whole.byteLength / 2 ** 20).toFixed(2)} MiB of JSON, ${laneCount} bodies under way`);
console.log(formatTable(['way', 'bodies/s', 'late p50 ms', 'late p99 ms', 'late max ms'], rows));
