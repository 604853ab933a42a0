import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchingSpec, QueuePolicy } from '../../src/config/batching.js';
import { play, pullTimes, type Event } from '../support/batch-script.js';
import { noPolicy, type BatcherSetup } from '../support/batches.js';

/** As in the table of compositions: what is known, what arrives, and what becomes of it. */
type Row = readonly [what: string, setup: BatcherSetup, script: string, ...events: Event[]];

/** Three levels, of which the second is the default. */
const levels = (spec: Partial<BatchingSpec> = {}, rest: Omit<BatcherSetup, 'spec'> = {}): BatcherSetup => ({
  spec: { levelCount: 3, defaultLevel: 2, ...spec },
  ...rest,
});
const policy = (given: Partial<QueuePolicy>, spec: Partial<BatchingSpec> = {}): BatcherSetup => ({
  spec: { defaultPolicy: { ...noPolicy, ...given }, ...spec },
});
const reject50 = policy({ timeoutUs: 50 });
const delay50 = policy({ action: 'delay', timeoutUs: 50 });
const override100 = policy({ timeoutUs: 100, overridable: true });
const firstLevel = (given: Partial<QueuePolicy>): BatcherSetup =>
  levels({ policies: new Map([[1, { ...noPolicy, ...given }]]) });

const rows: readonly Row[] = [
  // Priorities.
  ['a batch goes level by level and may span them', levels(), 'a!3 b!1 c!2 d!1', [0, 'bdca instance-free']],
  [
    'no priority, or one that is no level, is the default',
    levels(),
    'a!3 b c!9 d!2 e!1',
    [0, 'ebcda instance-free'],
  ],
  ['without levels priorities mean nothing', {}, 'a!2 b!1', [0, 'ab instance-free']],
  [
    'low ones wait while high ones come',
    levels({ batchSizeMax: 2, preferredSizes: [2] }),
    'a!2 b@1!1 c@2!1 d@3!1',
    [3, 'bc full'],
    [3, 'da full'],
  ],
  [
    'the delay is that of the oldest, whatever its level',
    levels({ delayUs: 100 }),
    'a!2 b@50!1',
    [60, 'wait 100'],
    [100, 'ba delay-over'],
  ],
  [
    'a large one of a lower level is not overtaken',
    levels(),
    'a*5!1 b*4!2 c!3',
    [0, 'a priority'],
    [0, 'bc instance-free'],
  ],
  [
    'another shape at a lower level',
    levels({}, { inputs: 'variable' }),
    'a:4!1 b:5!2',
    [0, 'a priority'],
    [0, 'b instance-free'],
  ],
  [
    'another shape at the same level',
    levels({}, { inputs: 'variable' }),
    'a:4!1 b:5!1 c:4!2',
    [0, 'a shape-differs'],
    [0, 'b priority'],
    [0, 'c instance-free'],
  ],
  [
    'a preferred size across levels',
    levels({ preferredSizes: [3], delayUs: 100 }),
    'a!3 b!3 c!1 d!2',
    [0, 'cda preferred'],
    [0, 'wait 100'],
  ],
  // REJECT.
  ['rejected when its time is over, not before', reject50, 'a b@20', [49, 'ab instance-free']],
  ['rejected at the moment its time is over', reject50, 'a b@20', [50, 'a expired'], [60, 'b instance-free']],
  [
    'rejected in order',
    reject50,
    'a b@20 c@20',
    [50, 'a expired'],
    [70, 'b expired'],
    [70, 'c expired'],
    [80, 'empty'],
  ],
  [
    'rejected while it waits for company',
    policy({ timeoutUs: 50 }, { delayUs: 100 }),
    'a b@20',
    [20, 'wait 100'],
    [50, 'a expired'],
    [60, 'wait 120'],
    [70, 'b expired'],
    [120, 'empty'],
  ],
  ['what was handed over is not rejected', reject50, 'a', [10, 'a instance-free'], [90, 'empty']],
  ['what gave up is not rejected', reject50, 'a -a@5', [90, 'empty']],
  // DELAY.
  ['delayed: behind the one that has time', delay50, 'a b@20', [60, 'ba instance-free']],
  ['delayed: behind one that came after', delay50, 'a b@60', [70, 'ba instance-free']],
  ['delayed one by one, in order', delay50, 'a b@10 c@100', [100, 'cab instance-free']],
  ['delayed at one moment, in order', delay50, 'a b c d@60', [60, 'dabc instance-free']],
  [
    'delayed, it still counts as the oldest',
    policy({ action: 'delay', timeoutUs: 50 }, { delayUs: 100 }),
    'a b@60',
    [70, 'wait 100'],
    [100, 'ba delay-over'],
  ],
  [
    'delayed, it may begin no batch that it does not fit',
    delay50,
    'a*5 b@60*4',
    [60, 'b ordering'],
    [60, 'a instance-free'],
  ],
  ['delayed, it can give up', delay50, 'a b@20 -a@60', [60, 'b instance-free']],
  ['delayed for good: it is not delayed twice', delay50, 'a b@60 c@130', [130, 'cab instance-free']],
  [
    'late ones of a level come before the next level',
    firstLevel({ action: 'delay', timeoutUs: 50 }),
    'a!1 b@20!2 c@60!1',
    [60, 'cab instance-free'],
  ],
  // A request's own timeout.
  ['a request may ask for less', override100, 'a~30', [30, 'a expired'], [40, 'empty']],
  ['a request may not ask for more', override100, 'a~200', [100, 'a expired'], [150, 'empty']],
  [
    'a request that asks for nothing has what the policy says',
    override100,
    'a~0',
    [100, 'a expired'],
    [150, 'empty'],
  ],
  [
    'what a request asks for means nothing when the policy forbids it',
    policy({ timeoutUs: 100 }),
    'a~30',
    [99, 'a instance-free'],
  ],
  [
    'a policy without a time leaves nothing to shorten',
    policy({ overridable: true }),
    'a~30',
    [900, 'a instance-free'],
  ],
  [
    'the own time decides who is late first',
    policy({ action: 'delay', timeoutUs: 100, overridable: true }),
    'a b@10~30 c@200',
    [200, 'cba instance-free'],
  ],
  // Sizes.
  ['no more than may wait', policy({ sizeMax: 2 }), 'a b c', [0, 'c refused'], [0, 'ab instance-free']],
  ['requests count, not samples', policy({ sizeMax: 2 }), 'a*4 b*4 c', [0, 'c refused'], [0, 'ab full']],
  [
    'what runs does not count',
    policy({ sizeMax: 2 }),
    'a b c@2',
    [1, 'ab instance-free'],
    [2, 'c instance-free'],
  ],
  ['what gave up makes room', policy({ sizeMax: 1 }), 'a -a@1 b', [1, 'b instance-free']],
  [
    'what was rejected makes room',
    policy({ sizeMax: 1, timeoutUs: 50 }),
    'a b@50',
    [50, 'a expired'],
    [50, 'b instance-free'],
  ],
  [
    'late ones count',
    policy({ sizeMax: 2, action: 'delay', timeoutUs: 50 }),
    'a b c@60',
    [60, 'c refused'],
    [60, 'ab instance-free'],
  ],
  [
    'each level has its own room',
    firstLevel({ sizeMax: 1 }),
    'a!1 b!1 c!2 d!2',
    [0, 'b refused'],
    [0, 'acd instance-free'],
  ],
  [
    'each level has its own time',
    firstLevel({ timeoutUs: 30 }),
    'a!1 b!2',
    [30, 'a expired'],
    [99, 'b instance-free'],
  ],
];

for (const [what, setup, script, ...events] of rows) {
  test(`policies: ${what} (${script})`, () => {
    assert.deepEqual(play(setup, script, pullTimes(events)), events);
  });
}
