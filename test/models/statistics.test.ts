import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { FailureReason } from '../../src/inference/error.js';
import type { RunTimings } from '../../src/inference/timings.js';
import type { CountedRequest } from '../../src/scheduling/recorder.js';
import type { DurationTotal } from '../../src/models/duration-sum.js';
import { Statistics, type ComputeTotals, type StatisticsSnapshot } from '../../src/models/statistics.js';

const reasons: readonly FailureReason[] = ['rejected', 'canceled', 'backend', 'other'];

type Step =
  | { readonly kind: 'run'; readonly rows: number; readonly run: RunTimings; readonly wallMs: number }
  | { readonly kind: 'success'; readonly request: CountedRequest; readonly run: RunTimings }
  | { readonly kind: 'failure'; readonly reason: FailureReason; readonly durationUs: number };

function totalOf(durationsUs: readonly number[]): DurationTotal {
  return {
    count: durationsUs.length,
    ns: durationsUs.reduce((sum, us) => sum + BigInt(Math.round(us * 1000)), 0n),
  };
}

function computeOf(runs: readonly RunTimings[]): ComputeTotals {
  return {
    input: totalOf(runs.map((run) => run.inputEndUs - run.startUs)),
    infer: totalOf(runs.map((run) => run.inferEndUs - run.inputEndUs)),
    output: totalOf(runs.map((run) => run.endUs - run.inferEndUs)),
  };
}

function failuresOf(steps: readonly Step[], wanted: readonly FailureReason[]): DurationTotal {
  return totalOf(
    steps.flatMap((step) =>
      step.kind === 'failure' && wanted.includes(step.reason) ? [step.durationUs] : [],
    ),
  );
}

/** The snapshot as the rules say it, from everything that was recorded. */
function naiveSnapshot(steps: readonly Step[]): StatisticsSnapshot {
  const runs = steps.filter((step) => step.kind === 'run');
  const successes = steps.filter((step) => step.kind === 'success');
  const sizes = [...new Set(runs.map(({ rows }) => rows))].sort((a, b) => a - b);
  return {
    lastInferenceMs: Math.max(0, ...runs.map(({ wallMs }) => wallMs)),
    inferenceCount: successes.reduce((sum, { request }) => sum + (request.rows === 0 ? 1 : request.rows), 0),
    executionCount: runs.length,
    success: totalOf(successes.map(({ request, run }) => run.endUs - request.startUs)),
    fail: failuresOf(steps, reasons),
    failures: {
      rejected: failuresOf(steps, ['rejected']),
      canceled: failuresOf(steps, ['canceled']),
      backend: failuresOf(steps, ['backend']),
      other: failuresOf(steps, ['other']),
    },
    queue: totalOf(successes.map(({ request, run }) => run.startUs - request.enqueuedUs)),
    compute: computeOf(successes.map(({ run }) => run)),
    batches: sizes.map((batchSize) => ({
      batchSize,
      compute: computeOf(runs.filter(({ rows }) => rows === batchSize).map(({ run }) => run)),
    })),
  };
}

/** Up to three days, in quarters of a microsecond, which a double holds beside a clock that has run for years. */
const stepUs = fc.integer({ min: 0, max: 2 ** 40 }).map((quarters) => quarters / 4);
const rows = fc.integer({ min: 0, max: 5 });

const timings = fc
  .tuple(stepUs, stepUs, stepUs, stepUs, stepUs)
  .map(([waitUs, queueUs, inputUs, inferUs, outputUs]) => {
    const startUs = waitUs + queueUs;
    const inputEndUs = startUs + inputUs;
    const inferEndUs = inputEndUs + inferUs;
    return { enqueuedUs: waitUs, run: { startUs, inputEndUs, inferEndUs, endUs: inferEndUs + outputUs } };
  });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .tuple(rows, timings, fc.integer({ min: 0, max: 10 }))
    .map(([rows, { run }, wallMs]) => ({ kind: 'run' as const, rows, run, wallMs })),
  fc.tuple(rows, timings, fc.integer({ min: 0, max: 3 })).map(([rows, { enqueuedUs, run }, quarters]) => {
    const startUs = Math.max(0, enqueuedUs - quarters / 4);
    return { kind: 'success' as const, request: { rows, startUs, enqueuedUs }, run };
  }),
  fc.record({
    kind: fc.constant('failure' as const),
    reason: fc.constantFrom(...reasons),
    durationUs: stepUs,
  }),
);

test('whatever is recorded, a snapshot tells what adding everything up naively tells', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), (steps, early) => {
      let wallMs = 0;
      const statistics = new Statistics(() => wallMs);
      for (const [index, one] of steps.entries()) {
        if (index === early) assert.deepEqual(statistics.snapshot(), naiveSnapshot(steps.slice(0, index)));
        if (one.kind === 'run') {
          ({ wallMs } = one);
          statistics.recordRun(one.rows, one.run);
        } else if (one.kind === 'success') statistics.recordSuccess(one.request, one.run);
        else statistics.recordFailure(one.reason, one.durationUs);
      }
      assert.deepEqual(statistics.snapshot(), naiveSnapshot(steps));
    }),
    { seed: 11, numRuns: 200 },
  );
});

test('three requests of two samples that ran together count as three successes, six inferences, one execution', () => {
  const statistics = new Statistics(() => 1000);
  const run = { startUs: 100, inputEndUs: 110, inferEndUs: 140, endUs: 145 };
  statistics.recordRun(6, run);
  for (const startUs of [0, 20, 40]) {
    statistics.recordSuccess({ rows: 2, startUs, enqueuedUs: startUs + 1 }, run);
  }
  const once = (ns: bigint): DurationTotal => ({ count: 1, ns });
  const thrice = (ns: bigint): DurationTotal => ({ count: 3, ns });
  const nothing = new Statistics(() => 0).snapshot();
  assert.deepEqual(statistics.snapshot(), {
    ...nothing,
    lastInferenceMs: 1000,
    inferenceCount: 6,
    executionCount: 1,
    success: thrice(375_000n),
    queue: thrice(237_000n),
    compute: { input: thrice(30_000n), infer: thrice(90_000n), output: thrice(15_000n) },
    batches: [
      {
        batchSize: 6,
        compute: { input: once(10_000n), infer: once(30_000n), output: once(5_000n) },
      },
    ],
  });
});

test('the time of the last inference does not move back when the wall clock does, nor for failures', () => {
  let wallMs = 5000;
  const statistics = new Statistics(() => wallMs);
  const run = { startUs: 0, inputEndUs: 0, inferEndUs: 0, endUs: 0 };
  statistics.recordFailure('backend', 1);
  assert.equal(statistics.snapshot().lastInferenceMs, 0);
  statistics.recordRun(1, run);
  wallMs = 4000;
  statistics.recordRun(1, run);
  assert.equal(statistics.snapshot().lastInferenceMs, 5000);
});

test('a snapshot stays as it was when more is recorded', () => {
  const statistics = new Statistics(() => 1);
  const before = statistics.snapshot();
  statistics.recordFailure('other', 1);
  statistics.recordRun(1, { startUs: 0, inputEndUs: 1, inferEndUs: 2, endUs: 3 });
  assert.deepEqual(before, new Statistics(() => 1).snapshot());
});
