import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DelayMode } from '../../src/config/batching.js';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { startBatchingLog } from '../../src/models/batching-log.js';
import type { BatchingReport } from '../../src/scheduling/batching-report.js';
import { defaultLogSettings } from '../../src/telemetry/log.js';
import { FakeClock } from '../support/fake-clock.js';
import { buildBatching, samplesOf } from '../support/scheduler.js';
import { memoryLog } from '../support/server.js';

interface Setup {
  readonly batching?: string;
  readonly verboseLevel?: number;
  readonly delayMode?: DelayMode;
  readonly report?: (nowUs: number) => BatchingReport;
}

const quiet = buildBatching().scheduler;

function start({ batching = 'dynamic_batching { }', verboseLevel = 1, delayMode, report }: Setup = {}) {
  const { log, lines } = memoryLog({ ...defaultLogSettings, format: 'json', verboseLevel });
  const clock = new FakeClock();
  const text = `name: "m" backend: "onnxruntime" max_batch_size: 8 ${batching}`;
  const config = completeModelConfig(parseModelConfig(text, 'config.pbtxt'), {
    folder: 'm',
    hasOnnxFile: true,
    gpus: [],
  });
  let reports = 0;
  const end = startBatchingLog({
    config,
    version: 3,
    log,
    clock,
    delayMode,
    report(nowUs) {
      reports++;
      return report?.(nowUs) ?? quiet.batching(nowUs);
    },
  });
  return {
    clock,
    end,
    reports: () => reports,
    messages: () => lines.map((line) => JSON.parse(line).message),
  };
}

const says = (mode: string): string =>
  `parameters { key: "nereid.batch_delay" value { string_value: "${mode}" } }`;

/** A config, the server's word, and how the load tells of the delay. */
const modes: readonly (readonly [batching: string, wanted: DelayMode | undefined, told: string])[] = [
  ['dynamic_batching { }', undefined, 'adaptive'],
  [
    'dynamic_batching { preferred_batch_size: 4 }',
    undefined,
    "exact, since preferred_batch_size is given; parameter 'nereid.batch_delay' or --batch-delay says otherwise",
  ],
  [
    'dynamic_batching { max_queue_delay_microseconds: 20000 }',
    undefined,
    "exact, since max_queue_delay_microseconds is above 10000; parameter 'nereid.batch_delay' or --batch-delay says otherwise",
  ],
  ['dynamic_batching { preferred_batch_size: 4 }', 'adaptive', 'adaptive'],
  ['dynamic_batching { max_queue_delay_microseconds: 20000 }', 'exact', 'exact'],
  [`dynamic_batching { preferred_batch_size: 4 } ${says('exact')}`, undefined, 'exact'],
];

for (const [batching, delayMode, told] of modes) {
  test(`the delay of ${batching} with --batch-delay=${delayMode ?? ''} is told once, at load`, () => {
    const { messages } = start({ batching, ...(delayMode === undefined ? {} : { delayMode }) });
    assert.deepEqual(messages(), [`batch delay of 'm' version 3 is ${told}`]);
  });
}

for (const setup of [{ verboseLevel: 0 }, { batching: '' }]) {
  test(`nothing is told, asked or waited for with ${JSON.stringify(setup)}`, () => {
    const { clock, messages, reports } = start(setup);
    assert.deepEqual([messages(), reports(), clock.waitsMs], [[], 0, []]);
  });
}

test('what an exact batcher did is told every ten seconds, if it did anything, until the end', () => {
  const { scheduler, clock: schedulerClock } = buildBatching({ count: 9 });
  const { clock, end, messages } = start({ report: (nowUs) => scheduler.batching(nowUs) });
  const send = (rows: number): void => {
    void scheduler.infer(samplesOf(1, { rows }));
    schedulerClock.advanceUs(1);
  };
  clock.advance(20_000);
  assert.equal(messages().length, 1);
  for (const rows of [3, 8, 2]) send(rows);
  clock.advance(9_999);
  assert.equal(messages().length, 1);
  clock.advance(1);
  const told =
    "batching of 'm' version 3: 3 batches in 10 s, 4.33 samples on average (instance-free 67 %, full 33 %); 0.3 requests/s";
  assert.deepEqual(messages().slice(1), [told]);
  clock.advance(50_000);
  assert.equal(messages().length, 2);
  send(8);
  clock.advance(10_000);
  assert.match(messages()[2], /: 1 batches in 10 s, 8 samples on average \(full 100 %\); 0\.1 requests\/s$/);
  end();
  assert.deepEqual(clock.waitsMs, []);
});

test('what an adaptive batcher has learnt is told beside, and the p99 where there is an objective', () => {
  const learnt = {
    effectiveDelayUs: 81.23,
    delayBoundUs: 500,
    batchSizeMax: 6,
    arrivalsPerSec: 1,
    fixedUs: 210.4,
    rowUs: 12.345,
    costCurve: [],
    p99Us: 4321,
  };
  const { scheduler } = buildBatching();
  const told = (p99Us: number | undefined): string => {
    const report = (atUs: number): BatchingReport => ({
      ...scheduler.batching(atUs),
      batches: atUs,
      learnt: { ...learnt, p99Us },
    });
    const { clock, messages } = start({ report });
    clock.advance(10_000);
    return messages()[1];
  };
  const cost = '; held for 81.2 of at most 500 µs; a run takes 210 µs and 12.3 µs a sample';
  assert.ok(told(undefined).endsWith(cost));
  assert.ok(told(4321).endsWith(`${cost}; p99 4.32 ms with batches of at most 6`));
});
