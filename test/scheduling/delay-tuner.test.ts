import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DelayTuner, type TunerOptions } from '../../src/scheduling/delay-tuner.js';

const options: TunerOptions = { maxDelayUs: 500, maxBatchSize: 64 };

/** So many clients come back within 100 µs of their answers and run together; the tuner's time at the end. */
function playTogether(tuner: DelayTuner, clients: number, rounds: number, fromUs = 0): number {
  let nowUs = fromUs;
  for (let round = 0; round < rounds; round++) {
    nowUs += 50;
    // At times one is late, so that more than one size is run.
    const rows = round % 10 === 0 && clients > 1 ? clients - 1 : clients;
    for (let client = 1; client <= rows; client++) tuner.arrived((nowUs += 10), 1, client);
    tuner.handedOver(nowUs);
    nowUs += 300 + 5 * rows;
    tuner.ran(nowUs, { rows, tookUs: 300 + 5 * rows, inSystem: 0 });
  }
  return nowUs;
}

function offerFirst(tuner: DelayTuner, nowUs: number): number {
  tuner.arrived(nowUs, 1, 1);
  return tuner.holdUntilUs(nowUs, 1, nowUs) - nowUs;
}

test('with nothing learnt nothing is held', () => {
  assert.equal(offerFirst(new DelayTuner(options), 1000), 0);
});

test('a single client is never held', () => {
  const tuner = new DelayTuner(options);
  for (let nowUs = 0; nowUs < 1e6; nowUs += 400) {
    assert.equal(offerFirst(tuner, nowUs), 0);
    tuner.handedOver(nowUs);
    tuner.ran(nowUs + 300, { rows: 1, tookUs: 300, inSystem: 0 });
  }
  assert.equal(tuner.stateAt(1e6).effectiveDelayUs, 0);
});

test('the first of eight clients is held for the others, and the eighth is not', () => {
  const tuner = new DelayTuner(options);
  const nowUs = playTogether(tuner, 8, 40) + 60;
  const heldUs = offerFirst(tuner, nowUs);
  assert.ok(heldUs > 5 && heldUs < 150, `${heldUs}`);
  for (let client = 2; client <= 8; client++) tuner.arrived(nowUs + 10 * client, 1, client);
  assert.ok(tuner.holdUntilUs(nowUs + 80, 8, nowUs) <= nowUs + 80);
});

test('what was held goes when the time at which company was expected is over', () => {
  const tuner = new DelayTuner(options);
  const nowUs = playTogether(tuner, 8, 40) + 60;
  const untilUs = nowUs + offerFirst(tuner, nowUs);
  assert.ok(tuner.holdUntilUs(untilUs, 1, nowUs) <= untilUs);
});

test('when eight clients become one, it is held a few times and then no more', () => {
  const tuner = new DelayTuner(options);
  let nowUs = playTogether(tuner, 8, 40) + 60;
  let held = 0;
  for (let request = 0; request < 200; request++) {
    const heldUs = offerFirst(tuner, nowUs);
    if (heldUs > 0) held = request + 1;
    nowUs += heldUs;
    tuner.handedOver(nowUs);
    nowUs += 305;
    tuner.ran(nowUs, { rows: 1, tookUs: 305, inSystem: 0 });
    nowUs += 60;
  }
  assert.ok(held > 0 && held < 40, `held until request ${held}`);
});

test('nothing is held while a run costs little beside its rows', () => {
  const tuner = new DelayTuner(options);
  let nowUs = 0;
  for (let round = 0; round < 50; round++) {
    for (let client = 1; client <= 8; client++) tuner.arrived((nowUs += 20), 1, client);
    const rows = 4 + (round % 5);
    tuner.handedOver(nowUs);
    tuner.ran((nowUs += 200 * rows), { rows, tookUs: 10 + 200 * rows, inSystem: 0 });
  }
  assert.equal(offerFirst(tuner, nowUs + 60), 0);
});

test('what was learnt can be read', () => {
  const tuner = new DelayTuner(options);
  const nowUs = playTogether(tuner, 8, 3000);
  const state = tuner.stateAt(nowUs);
  assert.ok(Math.abs(state.arrivalsPerSec / (7.9e6 / 468.5) - 1) < 0.05, `${state.arrivalsPerSec}`);
  assert.deepEqual(state.costCurve, [
    { rows: 7, runUs: 335 },
    { rows: 8, runUs: 340 },
  ]);
  assert.ok(Math.abs(state.fixedUs + 8 * state.rowUs - 340) < 1);
  assert.deepEqual([state.delayBoundUs, state.batchSizeMax, state.p99Us], [500, 64, undefined]);
  assert.ok(tuner.stateAt(nowUs + 5e6).arrivalsPerSec < 10);
});

test('an objective bounds the batch so that two runs fit into it', () => {
  const tuner = new DelayTuner({ ...options, objectiveUs: 2000 });
  for (let round = 0; round < 64; round++) {
    const rows = 1 + (round % 8);
    tuner.handedOver(round * 1e5);
    tuner.ran(round * 1e5, { rows, tookUs: 200 + 50 * rows, inSystem: 0 });
  }
  // 2 * (200 + 50 * 16) is 2000.
  assert.ok(Math.abs(tuner.batchSizeMax - 16) <= 1, `${tuner.batchSizeMax}`);
});

test('an objective never makes batches so small that what arrives cannot be served', () => {
  const tuner = new DelayTuner({ ...options, objectiveUs: 500 });
  let nowUs = 0;
  for (let round = 0; round < 3000; round++) {
    for (let request = 1; request <= 10; request++) tuner.arrived((nowUs += 90), 1, request);
    const rows = 1 + (round % 20);
    tuner.handedOver(nowUs);
    tuner.ran(nowUs, { rows, tookUs: 200 + 50 * rows, inSystem: 0 });
  }
  // 11,111/s and a tenth more need n with n / (200 + 50 n) of at least 0.0122 per µs: 6.3.
  assert.ok(tuner.batchSizeMax >= 6 && tuner.batchSizeMax <= 8, `${tuner.batchSizeMax}`);
});

/** What may happen to a tuner, sensible or not. */
type Step =
  | { readonly kind: 'arrived'; readonly rows: number; readonly inSystem: number }
  | { readonly kind: 'handedOver' }
  | { readonly kind: 'ran'; readonly rows: number; readonly tookUs: number; readonly inSystem: number }
  | { readonly kind: 'answered'; readonly latencyUs: number }
  | { readonly kind: 'hold'; readonly waiting: number; readonly agoUs: number }
  | { readonly kind: 'pass'; readonly us: number };

const rows = fc.integer({ min: 1, max: 300 });
const inSystem = fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 100_000 }));
const us = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 1e12, noNaN: true }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('arrived' as const), rows, inSystem }),
  fc.record({ kind: fc.constant('handedOver' as const) }),
  fc.record({ kind: fc.constant('ran' as const), rows, tookUs: fc.oneof(us, fc.double()), inSystem }),
  fc.record({ kind: fc.constant('answered' as const), latencyUs: fc.oneof(us, fc.double()) }),
  fc.record({ kind: fc.constant('hold' as const), waiting: rows, agoUs: us }),
  fc.record({ kind: fc.constant('pass' as const), us: fc.oneof(us, fc.integer({ min: -50, max: 0 })) }),
);

function take(tuner: DelayTuner, nowUs: number, step: Step): void {
  if (step.kind === 'arrived') tuner.arrived(nowUs, step.rows, step.inSystem);
  else if (step.kind === 'handedOver') tuner.handedOver(nowUs);
  else if (step.kind === 'ran') tuner.ran(nowUs, step);
  else if (step.kind === 'answered') tuner.answered(step.latencyUs);
  else if (step.kind === 'hold') {
    const untilUs = tuner.holdUntilUs(nowUs, step.waiting, nowUs - step.agoUs);
    assert.ok(Number.isFinite(untilUs), `until ${untilUs}`);
    assert.ok(untilUs <= Math.max(nowUs, nowUs - step.agoUs + options.maxDelayUs), 'held beyond the bound');
  }
}

function checkState(tuner: DelayTuner, nowUs: number): void {
  const { costCurve, p99Us, ...figures } = tuner.stateAt(nowUs);
  const all = [...Object.values(figures), p99Us ?? 0, ...costCurve.flatMap((point) => Object.values(point))];
  for (const figure of all) assert.ok(Number.isFinite(figure) && figure >= 0, JSON.stringify(figures));
  assert.ok(figures.batchSizeMax >= 1 && figures.batchSizeMax <= options.maxBatchSize);
  assert.ok(figures.delayBoundUs <= options.maxDelayUs);
}

for (const objectiveUs of [undefined, 3000]) {
  const name = objectiveUs === undefined ? 'without' : 'with';
  test(`${name} an objective, whatever happens, nothing is held beyond the bound and every figure is finite`, () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, instanceCount) => {
          const tuner = new DelayTuner({
            ...options,
            instanceCount,
            ...(objectiveUs === undefined ? {} : { objectiveUs }),
          });
          let nowUs = 0;
          for (const step of steps) {
            if (step.kind === 'pass') nowUs += step.us;
            else take(tuner, nowUs, step);
          }
          checkState(tuner, nowUs);
        },
      ),
      { seed: 9, numRuns: 300 },
    );
  });
}

test('before anybody came while another was in the system, nothing is held', () => {
  const run = fc.record({ gapUs: us, tookUs: us, rows: fc.integer({ min: 1, max: 8 }) });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 60 }), (runs) => {
      const tuner = new DelayTuner(options);
      let nowUs = 0;
      for (const { gapUs, tookUs, rows } of runs) {
        nowUs += gapUs;
        tuner.arrived(nowUs, rows, 1);
        assert.ok(tuner.holdUntilUs(nowUs, rows, nowUs) <= nowUs);
        tuner.handedOver(nowUs);
        nowUs += tookUs;
        tuner.ran(nowUs, { rows, tookUs, inSystem: 0 });
      }
    }),
    { seed: 9, numRuns: 200 },
  );
});
