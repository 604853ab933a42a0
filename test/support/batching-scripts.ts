import * as fc from 'fast-check';
import type { BatchingSpec, QueuePolicy } from '../../src/config/batching.js';
import { noPolicy, plainBatching } from './batches.js';

/** Something that is done to a queue; times are small, so that many things fall together. */
export type Step =
  | {
      readonly kind: 'offer';
      readonly rows: number;
      readonly dim: number;
      readonly priority: number;
      readonly timeoutUs: number;
    }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'wait'; readonly us: number }
  | { readonly kind: 'pull' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('offer'),
      rows: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 10 })),
      dim: fc.oneof({ weight: 7, arbitrary: fc.constant(1) }, fc.constant(2)),
      priority: fc.nat(5),
      timeoutUs: fc.nat(12),
    }),
  },
  fc.record({ kind: fc.constant('remove'), which: fc.nat(60) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait'), us: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'pull' as const }) },
);

export const scripts = fc.array(step, { maxLength: 70, size: 'max' });

const policy: fc.Arbitrary<QueuePolicy> = fc.oneof(
  fc.constant(noPolicy),
  fc.record({
    action: fc.constantFrom('reject', 'delay'),
    timeoutUs: fc.constantFrom(0, 1, 7, 20),
    overridable: fc.boolean(),
    sizeMax: fc.constantFrom(Infinity, Infinity, 1, 3),
  }),
);

const priorities = fc.oneof(
  fc.constant({ levelCount: 0, defaultLevel: 0 }),
  fc.integer({ min: 1, max: 4 }).chain((levelCount) =>
    fc.record({
      levelCount: fc.constant(levelCount),
      defaultLevel: fc.integer({ min: 1, max: levelCount }),
    }),
  ),
);

/** What configs ask for that pass the checks, but for rules that no batcher depends on. */
export const batchingSpecs: fc.Arbitrary<BatchingSpec> = fc
  .record({
    batchSizeMax: fc.integer({ min: 1, max: 8 }),
    sizes: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
    delayUs: fc.constantFrom(0, 1, 5, 20, 50),
    priorities,
    defaultPolicy: policy,
    policies: fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), policy), { maxLength: 3 }),
  })
  .map(({ batchSizeMax, sizes, delayUs, priorities: levels, defaultPolicy, policies }) => {
    const fitting = [...new Set(sizes)].filter((size) => size <= batchSizeMax).toSorted((a, b) => a - b);
    const preferredSizes = fitting.length === 0 ? [batchSizeMax] : fitting;
    const rules = { ...levels, defaultPolicy, policies: new Map(levels.levelCount === 0 ? [] : policies) };
    return { ...plainBatching, batchSizeMax, preferredSizes, delayUs, ...rules };
  });
