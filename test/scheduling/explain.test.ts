import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchingSpec } from '../../src/config/batching.js';
import { closeReasons, type CloseReason } from '../../src/scheduling/batcher.js';
import type { BatchingReport } from '../../src/scheduling/batching-report.js';
import type { TunerState } from '../../src/scheduling/delay-tuner.js';
import { explainBatching } from '../../src/scheduling/explain.js';
import { modelOf, plainBatching, type InputKind } from '../support/batches.js';

const learnt: TunerState = {
  effectiveDelayUs: 12,
  delayBoundUs: 500,
  batchSizeMax: 8,
  arrivalsPerSec: 4000,
  fixedUs: 150,
  rowUs: 25,
  costCurve: [],
  p99Us: undefined,
};

/** What a row of the table says; what it leaves out is a batcher that forms batches of one of 2.5 requests here. */
interface Row {
  readonly why: string;
  readonly batching?: Partial<BatchingSpec> | 'none';
  readonly inputs?: InputKind;
  readonly maxBatchSize?: number;
  readonly requests?: number;
  readonly batches?: number;
  readonly rows?: number;
  readonly here?: number;
  readonly instances?: number;
  readonly waiting?: number;
  readonly closed?: Partial<Record<CloseReason, number>>;
  readonly learnt?: Partial<TunerState>;
  /** The sentences after the first one, which tells of batches; all of them where nothing ran. */
  readonly says: readonly RegExp[];
}

const table: readonly Row[] = [
  {
    why: 'no dynamic_batching',
    batching: 'none',
    says: [
      /^the config has no dynamic_batching, .* allows 8 samples\. To mend it: add dynamic_batching \{ \}$/,
    ],
  },
  {
    why: 'no batch dimension',
    maxBatchSize: 0,
    says: [/^max_batch_size is 0, .* To mend it: .* give max_batch_size/],
  },
  { why: 'neither', batching: 'none', maxBatchSize: 0, says: [/^max_batch_size is 0/] },
  {
    why: 'batches of one',
    maxBatchSize: 1,
    says: [/^max_batch_size is 1\. To mend it: raise max_batch_size$/],
  },
  { why: 'no traffic', requests: 0, batches: 0, says: [/^No request has come yet\.$/] },
  {
    why: 'no instance',
    requests: 3,
    batches: 0,
    waiting: 3,
    says: [/^No batch was formed yet, and 3 requests wait/],
  },
  {
    why: 'one client at a time',
    here: 1.02,
    says: [
      /^requests come one at a time: .* found 0\.02 others here on average.* several requests open at once/,
    ],
  },
  {
    why: 'one client at a time, and a delay of its own',
    here: 1,
    batching: { delayUs: 500, delayMode: 'exact' },
    closed: { 'delay-over': 1000 },
    says: [/^requests come one at a time/],
  },
  {
    why: 'more instances than load',
    here: 2.9,
    instances: 4,
    says: [/^4 instances share 2\.9 requests.* smaller count/],
  },
  {
    why: 'requests as large as batches',
    rows: 8000,
    says: [/^a request has 8 samples on average, .* fit into 8\. To mend it: raise max_batch_size/],
  },
  {
    why: 'shapes that differ',
    inputs: 'variable',
    here: 20,
    batches: 400,
    closed: { 'shape-differs': 390, 'instance-free': 10 },
    says: [
      /^390 of 400 batches were closed because the next request differed in the shape of 'IN'.* pad inputs/,
    ],
  },
  {
    why: 'inputs that are left out',
    inputs: 'optional',
    here: 20,
    batches: 400,
    closed: { 'shape-differs': 400 },
    says: [/differed in the shape of 'IN', 'EXTRA' or whether 'EXTRA' was given\./],
  },
  {
    why: 'priorities',
    batching: { levelCount: 3 },
    here: 20,
    batches: 400,
    closed: { priority: 100, full: 300 },
    says: [/^100 of 400 batches were closed because .* another of 3 priority levels.* use fewer levels$/],
  },
  {
    why: 'sizes that do not add up',
    here: 20,
    batches: 400,
    rows: 3000,
    closed: { ordering: 400 },
    says: [/too large for the rest of the batch, .* requests have 3 samples on average\. .* several make 8/],
  },
  {
    why: 'small preferred sizes',
    batching: { preferredSizes: [2, 4] },
    here: 20,
    batches: 400,
    closed: { preferred: 400 },
    says: [/^400 of 400 batches were closed at a preferred size \(2, 4\), although max_batch_size is 8\./],
  },
  {
    why: 'the default preferred size, which is no reason',
    here: 20,
    batches: 125,
    closed: { preferred: 125 },
    says: [],
  },
  {
    why: 'an objective',
    batching: { objectiveUs: 5000, delayUs: 500, delayMode: 'adaptive' },
    here: 20,
    batches: 500,
    learnt: { batchSizeMax: 2, p99Us: 4800 },
    says: [/^nereid\.latency_objective_ms of 5 ms \(p99 is 4\.8 ms\) holds batches to 2 of 8 samples\./],
  },
  {
    why: 'no delay',
    says: [
      /^max_queue_delay_microseconds is 0: .* with 2\.5 requests here .* about what a run takes, or send more/,
    ],
  },
  {
    why: 'no delay, and a known run time',
    batching: { delayMode: 'adaptive' },
    learnt: {},
    says: [/about what a run takes, some 175 µs, or/],
  },
  {
    why: 'a delay that is too short',
    batching: { delayUs: 100 },
    closed: { 'delay-over': 900, full: 100 },
    says: [/^900 of 1000 batches were closed when their oldest request had waited the 100 µs .* raise it/],
  },
  {
    why: 'arrivals further apart than the delay',
    batching: { delayUs: 100, delayMode: 'adaptive' },
    learnt: { arrivalsPerSec: 800, delayBoundUs: 100 },
    says: [
      /^a request comes every 1250 µs, and a batch may be held for 100 µs at most\. .* raise max_queue_delay/,
    ],
  },
  {
    why: 'waiting that does not pay',
    batching: { delayUs: 500, delayMode: 'adaptive' },
    learnt: {},
    says: [
      /^waiting for company would cost .* 150 µs and 25 µs for each sample, and a request comes every 250 µs, .* held for 12 µs/,
    ],
  },
  {
    why: 'waiting that did not pay, when nothing comes any more',
    batching: { delayUs: 500, delayMode: 'adaptive' },
    learnt: { arrivalsPerSec: 0 },
    says: [/25 µs for each sample, so batches are held/],
  },
  { why: 'full batches: nothing is wrong', here: 20, batches: 125, closed: { full: 125 }, says: [] },
];

function reportOf(row: Row): BatchingReport {
  const { requests = 1000, batches = 1000, rows = 1000, here = 2.5, instances = 1, waiting = 0 } = row;
  const closed = row.closed ?? { 'instance-free': batches };
  return {
    mode: 'exact',
    atUs: 0,
    waiting,
    running: 0,
    instanceCount: instances,
    learnt: row.learnt === undefined ? undefined : { ...learnt, ...row.learnt },
    requests,
    inSystem: here * requests,
    batches,
    batchedRequests: batches === 0 ? 0 : requests,
    batchedRows: batches === 0 ? 0 : rows,
    closed: Object.fromEntries(closeReasons.map((reason) => [reason, closed[reason] ?? 0])) as Record<
      CloseReason,
      number
    >,
  };
}

function explain(row: Row): string[] {
  const { maxBatchSize = 8, inputs = 'fixed', batching = {} } = row;
  const spec = { ...plainBatching, batchSizeMax: Math.max(1, maxBatchSize) };
  return explainBatching(reportOf(row), {
    batching: batching === 'none' ? undefined : { ...spec, ...batching },
    model: modelOf(inputs, maxBatchSize),
  });
}

for (const row of table) {
  test(`batching is explained: ${row.why}`, () => {
    const sentences = explain(row);
    const told = (row.batches ?? 1000) > 0 && row.batching !== 'none' && (row.maxBatchSize ?? 8) > 1;
    const rest = told ? sentences.slice(1) : sentences;
    assert.equal(rest.length, row.says.length, sentences.join('\n'));
    for (const [at, pattern] of row.says.entries()) assert.match(rest[at]!, pattern);
    for (const sentence of sentences) assert.doesNotMatch(sentence, /NaN|Infinity|undefined/);
  });
}

test('the first sentence tells the batches and why they were closed, the most frequent reason first', () => {
  const closed = { full: 100, 'instance-free': 399, shutdown: 1 };
  assert.equal(
    explain({ why: '', here: 30, batches: 500, rows: 2600, closed, says: [] })[0],
    '500 batches of 2 requests, 5.2 of at most 8 samples, on average (closed: instance-free 80 %, full 20 %, shutdown < 1 %).',
  );
});
