import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { BatchingSpec } from '../../src/config/batching.js';
import { exactDelay, type Delay } from '../../src/scheduling/delay.js';
import type { DynamicBatcher } from '../../src/scheduling/dynamic-batcher.js';
import { InferRequest } from '../../src/inference/request.js';
import { Entry } from '../../src/scheduling/entry.js';
import { newBatcher, newEntry } from '../support/batches.js';
import { batchingSpecs, scripts, type Step } from '../support/batching-scripts.js';
import { NaiveQueue, naiveRound } from '../support/naive-queue.js';

/** A batcher beside its twin, and what became of each request. */
interface Pair {
  readonly batcher: DynamicBatcher;
  readonly twin: NaiveQueue;
  readonly all: Entry[];
  readonly ends: Map<Entry, string[]>;
  nowUs: number;
}

function end(pair: Pair, entries: readonly Entry[], how: string): void {
  for (const entry of entries) pair.ends.get(entry)!.push(how);
}

function numbers(pair: Pair, entries: readonly Entry[]): number[] {
  return entries.map((entry) => pair.all.indexOf(entry));
}

/** Does to both what is no pull, as a scheduler would: what is over by now is taken out first. */
function take(pair: Pair, step: Exclude<Step, { kind: 'pull' }>): void {
  const { batcher, twin, all } = pair;
  if (step.kind === 'wait') {
    pair.nowUs += step.us;
    const expired = batcher.expire(pair.nowUs);
    assert.deepEqual(numbers(pair, expired), numbers(pair, twin.expire(pair.nowUs)));
    end(pair, expired, 'expired');
  } else if (step.kind === 'offer') {
    const entry = newEntry({ ...step, atUs: pair.nowUs });
    all.push(entry);
    pair.ends.set(entry, []);
    batcher.admit(entry);
    const taken = batcher.offer(entry);
    assert.equal(taken, twin.push(entry));
    if (!taken) end(pair, [entry], 'refused');
  } else {
    const entry = all[step.which % Math.max(1, all.length)];
    if (entry === undefined) return;
    const removed = batcher.remove(entry);
    assert.equal(removed, twin.remove(entry));
    if (removed) end(pair, [entry], 'removed');
  }
}

/** Plays a script on a batcher and its twin; `onPull` says what each pull must have been. */
function playBoth(
  script: readonly Step[],
  setup: { spec: BatchingSpec; delay: Delay },
  onPull: (pair: Pair) => readonly Entry[],
): void {
  const batcher = newBatcher({ ...setup, inputs: 'variable' });
  const pair: Pair = { batcher, twin: new NaiveQueue(setup.spec), all: [], ends: new Map(), nowUs: 0 };
  for (const step of script) {
    if (step.kind === 'pull') {
      const run = onPull(pair);
      for (const entry of run) pair.twin.remove(entry);
      end(pair, run, 'run');
    } else {
      take(pair, step);
    }
    assert.equal(batcher.size, pair.twin.inOrder().length);
    assert.equal(batcher.nextDeadlineUs, pair.twin.nextDeadlineUs);
  }
  const left = pair.twin.inOrder();
  const drained = batcher.drain();
  assert.deepEqual(numbers(pair, drained), numbers(pair, left));
  assert.equal(batcher.size, 0);
  end(pair, drained, 'drained');
  for (const how of pair.ends.values()) assert.equal(how.length, 1, how.join());
}

test('with an exact delay every batch is the one that Triton would form, or is waited for as long', () => {
  fc.assert(
    fc.property(scripts, batchingSpecs, (script, spec) => {
      playBoth(script, { spec, delay: exactDelay(spec) }, (pair) => {
        const queue = pair.twin.inOrder();
        const pull = pair.batcher.pull(pair.nowUs);
        if (queue.length === 0) {
          assert.deepEqual(pull, { kind: 'empty' });
          return [];
        }
        const round = naiveRound(queue, spec, pair.nowUs);
        if ('untilUs' in round) {
          assert.deepEqual(pull, { kind: 'wait', untilUs: round.untilUs });
          return [];
        }
        assert.ok(pull.kind === 'runs');
        assert.equal(pull.runs.length, 1);
        assert.deepEqual(numbers(pair, pull.runs[0]!), numbers(pair, queue.slice(0, round.send)));
        return pull.runs[0]!;
      });
    }),
    { numRuns: 1000 },
  );
});

/** A delay that says whatever it likes. */
interface Whims {
  readonly sizes: readonly number[];
  readonly untilsUs: readonly number[];
}

const whims: fc.Arbitrary<Whims> = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1 }),
  untilsUs: fc.array(
    fc.oneof(
      fc.constantFrom(
        -Infinity,
        Infinity,
        0,
        -1,
        Number.MAX_VALUE,
        Number.MIN_VALUE,
        Number.MAX_SAFE_INTEGER,
      ),
      fc.double({ noNaN: true, min: 0, max: 200 }),
    ),
    { minLength: 1 },
  ),
});

function whimsicalDelay(spec: BatchingSpec, { sizes, untilsUs }: Whims): Delay {
  let turn = 0;
  return {
    ...exactDelay(spec),
    get batchSizeMax() {
      return Math.min(spec.batchSizeMax, sizes[turn++ % sizes.length]!);
    },
    holdUntilUs: () => untilsUs[turn++ % untilsUs.length]!,
  };
}

test('whatever a delay learns, nobody waits longer than with an exact one, overtakes or is in too large a batch', () => {
  fc.assert(
    fc.property(scripts, batchingSpecs, whims, (script, spec, whim) => {
      playBoth(script, { spec, delay: whimsicalDelay(spec, whim) }, (pair) => {
        const queue = pair.twin.inOrder();
        const pull = pair.batcher.pull(pair.nowUs);
        assert.equal(pull.kind === 'empty', queue.length === 0);
        if (pull.kind === 'empty') return [];
        const exact = naiveRound(queue, spec, pair.nowUs);
        if (pull.kind === 'wait') {
          assert.ok('untilUs' in exact && pull.untilUs <= exact.untilUs);
          assert.ok(pull.untilUs > pair.nowUs);
          return [];
        }
        const [run] = pull.runs;
        assert.deepEqual(numbers(pair, run!), numbers(pair, queue.slice(0, run!.length)));
        const rows = run!.reduce((sum, entry) => sum + entry.rows, 0);
        assert.ok(rows <= Math.max(spec.batchSizeMax, run![0]!.rows));
        assert.equal(new Set(run!.map(({ request }) => request.inputs[0]!.shape[1])).size, 1);
        return run!;
      });
    }),
    { numRuns: 500 },
  );
});

test('when the server leaves nothing is held, neither for company nor until enough wait', () => {
  const batcher = newBatcher({ spec: { delayUs: 1000 }, heldBack: 5 });
  const entry = newEntry();
  batcher.admit(entry);
  batcher.offer(entry);
  assert.deepEqual(batcher.pull(0), { kind: 'wait', untilUs: Infinity });
  batcher.hurry();
  assert.deepEqual(batcher.pull(0), { kind: 'runs', runs: [[entry]], closed: 'shutdown' });
});

test('the runs before a request are those of its level and of the ones before, as full as may be', () => {
  const batcher = newBatcher({ spec: { batchSizeMax: 4, levelCount: 3, defaultLevel: 2 } });
  for (const [rows, priority] of [
    [3, 1],
    [2, 2],
    [7, 3],
  ] as const) {
    const entry = newEntry({ rows, priority });
    batcher.admit(entry);
    batcher.offer(entry);
  }
  const runs = [1, 2, 3].map((priority) => {
    const entry = newEntry({ priority });
    batcher.admit(entry);
    return batcher.runsBefore(entry);
  });
  assert.deepEqual(runs, [3 / 4, 5 / 4, 12 / 4]);
});

test('a delay is told of what arrives, leaves and comes back, in samples', () => {
  const told: (readonly unknown[])[] = [];
  const delay: Delay = {
    batchSizeMax: 8,
    arrived: (...all) => told.push(['arrived', ...all]),
    handedOver: (...all) => told.push(['handed over', ...all]),
    ran: (...all) => told.push(['ran', ...all]),
    answered: (...all) => told.push(['answered', ...all]),
    holdUntilUs: (...all) => {
      told.push(['hold', ...all]);
      return 0;
    },
  };
  const batcher = newBatcher({ spec: { delayUs: 100 }, delay });
  const entries = [newEntry({ rows: 3, atUs: 10 }), newEntry({ rows: 2, atUs: 20 })];
  for (const entry of entries) {
    batcher.admit(entry);
    batcher.offer(entry);
  }
  assert.equal(batcher.pull(30).kind, 'runs');
  const third = newEntry({ rows: 4, atUs: 40 });
  batcher.offer(third);
  batcher.ran(55, entries, 25);
  batcher.answered(70);
  batcher.pull(58);
  batcher.ran(60, [third], 0);
  assert.deepEqual(told, [
    ['arrived', 10, 3, 1],
    ['arrived', 20, 2, 2],
    ['hold', 30, 5, 10],
    ['handed over', 30],
    ['arrived', 40, 4, 3],
    ['ran', 55, { rows: 5, tookUs: 25, inSystem: 1 }],
    ['answered', 70],
    ['hold', 58, 4, 40],
    ['handed over', 58],
    ['ran', 60, { rows: 4, tookUs: 0, inSystem: 0 }],
  ]);
});

test('samples of 4 MiB and more share a batch only as far as its bytes go; smaller ones do not count', () => {
  const mib = 1024 * 1024;
  const pullAll = (mibEach: readonly number[]): number[] => {
    const batcher = newBatcher({ spec: { batchSizeMax: 16, preferredSizes: [16] }, largeBytesMax: 12 * mib });
    for (const size of mibEach) {
      const data = { byteLength: size * mib } as Uint8Array;
      const request = new InferRequest('', [{ name: 'IN', datatype: 'INT32', shape: [1, 1], data }]);
      batcher.offer(new Entry(request, { rows: 1, startUs: 0, enqueuedUs: 0 }));
    }
    const sizes: number[] = [];
    for (let pull = batcher.pull(0); pull.kind === 'runs'; pull = batcher.pull(0)) {
      sizes.push(pull.runs[0]!.length);
      assert.equal(pull.closed, batcher.size > 0 ? 'full' : 'instance-free');
    }
    return sizes;
  };
  assert.deepEqual(pullAll([4, 4, 4, 4, 4]), [3, 2]);
  assert.deepEqual(pullAll([16, 16]), [1, 1]);
  assert.deepEqual(pullAll([3, 3, 3, 3, 3, 3]), [6]);
  assert.deepEqual(pullAll([3, 3, 3, 3, 4]), [4, 1]);
});

test('several batches that are given out together are those that pulls one after another would give, and complete', () => {
  fc.assert(
    fc.property(scripts, batchingSpecs, fc.integer({ min: 2, max: 6 }), (script, spec, most) => {
      const pair = (): { batcher: DynamicBatcher; all: Entry[] } => ({
        batcher: newBatcher({ spec, delay: exactDelay(spec), inputs: 'variable' }),
        all: [],
      });
      const [together, single] = [pair(), pair()];
      let nowUs = 0;
      for (const step of script) {
        if (step.kind === 'wait') nowUs += step.us;
        for (const { batcher, all } of [together, single]) {
          if (step.kind === 'wait') batcher.expire(nowUs);
          if (step.kind !== 'offer') continue;
          const entry = newEntry({ ...step, atUs: nowUs });
          batcher.admit(entry);
          if (batcher.offer(entry)) all.push(entry);
        }
        if (step.kind !== 'pull') continue;
        const pull = together.batcher.pull(nowUs, most);
        const runs = pull.kind === 'runs' ? pull.runs : [undefined];
        assert.ok(runs.length === 1 || (pull.kind === 'runs' && pull.closed !== 'instance-free'));
        for (const run of runs) {
          const alone = single.batcher.pull(nowUs);
          assert.equal(alone.kind, pull.kind);
          if (alone.kind !== 'runs' || pull.kind !== 'runs') continue;
          assert.equal(alone.closed, pull.closed);
          const places = run!.map((entry) => together.all.indexOf(entry));
          assert.deepEqual(
            alone.runs[0]!.map((entry) => single.all.indexOf(entry)),
            places,
          );
        }
      }
    }),
  );
});
