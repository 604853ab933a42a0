import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchingSpec } from '../../src/config/batching.js';
import { play, pullTimes, type Event } from '../support/batch-script.js';
import type { BatcherSetup } from '../support/batches.js';

/** What is known of a model, what arrives, and what each free instance gets; see `play` for the signs. */
type Row = readonly [what: string, setup: BatcherSetup, script: string, ...events: Event[]];

/** A model of batches of 8 unless said otherwise, which prefers a full batch and does not wait. */
const of = (spec: Partial<BatchingSpec>, rest: Omit<BatcherSetup, 'spec'> = {}): BatcherSetup => ({
  spec,
  ...rest,
});
const plain = of({});
const waits = of({ delayUs: 100 });
const prefers = (...preferredSizes: number[]): BatcherSetup => of({ preferredSizes, delayUs: 100 });
const hasty = (...preferredSizes: number[]): BatcherSetup => of({ preferredSizes });
const variable = of({ delayUs: 100 }, { inputs: 'variable' });
const optional = of({ delayUs: 100 }, { inputs: 'optional' });

/** Triton's rules, followed by hand for what waits at the moment an instance is free. */
const rows: readonly Row[] = [
  // No delay.
  ['no delay: the first goes alone at once', plain, 'a', [0, 'a instance-free'], [0, 'empty']],
  ['no delay: what came while all were busy goes together', plain, 'a b@1 c@2', [9, 'abc instance-free']],
  [
    'more than a batch may hold goes in two',
    plain,
    'a b c d e f g h i',
    [1, 'abcdefgh full'],
    [1, 'i instance-free'],
  ],
  [
    'no delay: a preferred size counts all the same',
    hasty(2),
    'a b c',
    [1, 'ab preferred'],
    [1, 'c instance-free'],
  ],
  [
    'no delay: the largest preferred size',
    hasty(2, 4),
    'a b c d e',
    [1, 'abcd preferred'],
    [1, 'e instance-free'],
  ],
  ['no delay: less than any preferred size goes too', hasty(4), 'a b c', [1, 'abc instance-free']],
  [
    'no delay: a preferred size passed and not met',
    hasty(3),
    'a*2 b*2',
    [1, 'a preferred'],
    [1, 'b instance-free'],
  ],
  // Waiting.
  [
    'less than preferred waits for the delay of the oldest',
    waits,
    'a b@50',
    [50, 'wait 100'],
    [99, 'wait 100'],
    [100, 'ab delay-over'],
  ],
  ['the delay counts from arrival, not from the first look', waits, 'a', [150, 'a delay-over']],
  ['company that fills it ends the wait', waits, 'a b@10*6 c@20', [10, 'wait 100'], [20, 'abc full']],
  [
    'company that would pass the largest ends the wait',
    waits,
    'a b@10*6 c@20*2',
    [10, 'wait 100'],
    [20, 'ab ordering'],
    [20, 'wait 120'],
  ],
  [
    'those left over wait by their own age',
    prefers(2),
    'a b@10 c@20',
    [20, 'ab preferred'],
    [30, 'wait 120'],
    [120, 'c delay-over'],
  ],
  [
    'the delay goes on after the oldest gave up, by the next one',
    waits,
    'a b@10 -a@50',
    [20, 'wait 100'],
    [60, 'wait 110'],
    [110, 'b delay-over'],
  ],
  ['nobody is left', waits, 'a -a@5', [9, 'empty'], [200, 'empty']],
  // Preferred sizes.
  ['a preferred size goes at once', prefers(4), 'a b c d', [0, 'abcd preferred']],
  [
    'of several preferred sizes the largest that is met',
    prefers(2, 4),
    'a b c d e',
    [0, 'abcd preferred'],
    [0, 'wait 100'],
  ],
  [
    'a smaller preferred size goes rather than wait for a larger',
    prefers(2, 4),
    'a b c',
    [0, 'ab preferred'],
    [0, 'wait 100'],
  ],
  ['samples count, not requests', prefers(4), 'a*3 b*1', [0, 'ab preferred']],
  ['samples fill a batch', waits, 'a*3 b*5 c', [0, 'ab full'], [0, 'wait 100']],
  ['a size between preferred ones is passed over', prefers(4, 6), 'a*3 b*2 c', [0, 'abc preferred']],
  [
    'the cut stays where a size was met, though more would fit',
    prefers(4, 8),
    'a*3 b c*3',
    [0, 'ab preferred'],
    [0, 'wait 100'],
  ],
  [
    'the largest passed and none met: what was before it',
    prefers(4),
    'a*3 b*3',
    [0, 'a preferred'],
    [0, 'wait 100'],
  ],
  ['passed by the third and none met', prefers(5), 'a*2 b*2 c*2', [0, 'ab preferred'], [0, 'wait 100']],
  [
    'passed, and the next would not fit a batch anyway',
    of({ preferredSizes: [4], batchSizeMax: 5, delayUs: 100 }),
    'a*3 b*3',
    [0, 'a ordering'],
    [0, 'wait 100'],
  ],
  [
    'a full batch that is not preferred is cut at the preferred size',
    prefers(4),
    'a b c d e f g h',
    [0, 'abcd preferred'],
    [0, 'efgh preferred'],
  ],
  // The delay is over: preferred sizes do not count any more.
  [
    'delay over: all, beyond the largest preferred size',
    prefers(4),
    'a b c d e f@60',
    [100, 'abcdef preferred'],
  ],
  ['delay over: all, though a size was met', prefers(2, 4), 'a b c', [100, 'abc delay-over']],
  [
    'delay over: no more than a batch holds',
    prefers(4),
    'a b c d e f g h i j',
    [100, 'abcdefgh full'],
    [100, 'ij delay-over'],
  ],
  [
    'delay over: the next does not fit',
    prefers(4),
    'a*3 b*3 c*3',
    [100, 'ab ordering'],
    [100, 'c delay-over'],
  ],
  ['delay over for the oldest alone: the young ones ride along', waits, 'a b@99', [100, 'ab delay-over']],
  // Requests of many samples.
  ['more than the largest preferred size goes alone at once', prefers(4), 'a*6', [0, 'a preferred']],
  [
    'more than preferred, and what comes behind stays',
    prefers(4),
    'a*6 b',
    [0, 'a preferred'],
    [0, 'wait 100'],
  ],
  ['more than preferred behind a small one', prefers(4), 'a b*6', [0, 'a preferred'], [0, 'b preferred']],
  ['a request that fills a batch by itself', waits, 'a*8 b', [0, 'a full'], [0, 'wait 100']],
  [
    'one that does not fit begins the next batch and no small one overtakes',
    waits,
    'a*5 b*4 c',
    [0, 'a ordering'],
    [0, 'wait 100'],
    [100, 'bc delay-over'],
  ],
  [
    'no delay: one that does not fit is not overtaken either',
    plain,
    'a*5 b*4 c',
    [1, 'a ordering'],
    [1, 'bc instance-free'],
  ],
  // Shapes and inputs.
  [
    'another shape ends the batch and begins the next',
    variable,
    'a:4 b:4 c:5 d:4',
    [0, 'ab shape-differs'],
    [0, 'c shape-differs'],
    [0, 'wait 100'],
  ],
  ['equal shapes of a variable input go together', variable, 'a*4:7 b*4:7', [0, 'ab full']],
  ['inputs of fixed shape are never compared', waits, 'a*4:1 b*4:2', [0, 'ab full']],
  [
    'a preferred size before another shape',
    of({ preferredSizes: [2], delayUs: 100 }, { inputs: 'variable' }),
    'a:4 b:4 c:4 d:5',
    [0, 'ab preferred'],
    [0, 'c shape-differs'],
    [0, 'wait 100'],
  ],
  [
    'delay over: all up to the other shape',
    of({ preferredSizes: [2], delayUs: 100 }, { inputs: 'variable' }),
    'a:4 b:4 c:4 d:5',
    [100, 'abc shape-differs'],
    [100, 'd delay-over'],
  ],
  [
    'no delay: another shape splits too',
    of({}, { inputs: 'variable' }),
    'a:4 b:5',
    [1, 'a shape-differs'],
    [1, 'b instance-free'],
  ],
  ['the one that ended the batch gave up', variable, 'a:4 b:5 -b@1', [1, 'wait 100']],
  [
    'other inputs end the batch',
    optional,
    'a+ b+ c d+',
    [0, 'ab shape-differs'],
    [0, 'c shape-differs'],
    [0, 'wait 100'],
  ],
  [
    'the same inputs of other shapes end the batch',
    optional,
    'a:4+ b:5+',
    [0, 'a shape-differs'],
    [0, 'wait 100'],
  ],
  ['the same inputs and shapes go together', optional, 'a*4:4+ b*4:4+', [0, 'ab full']],
  ['other outputs wanted do not split', optional, 'a*4+ b*4+>', [0, 'ab full']],
  // No batch dimension.
  [
    'without a batch dimension nobody waits for company',
    of({ batchSizeMax: 1, preferredSizes: [], delayUs: 100 }),
    'a b',
    [0, 'a full'],
    [0, 'b full'],
    [0, 'empty'],
  ],
  [
    'batches of one',
    of({ batchSizeMax: 1, preferredSizes: [1], delayUs: 100 }),
    'a b',
    [0, 'a full'],
    [0, 'b full'],
    [0, 'empty'],
  ],
  // Held back for tests of servers.
  [
    'held back until so many wait, and never again',
    of({}, { heldBack: 3 }),
    'a b c@5 d@9',
    [1, 'wait Infinity'],
    [5, 'abc instance-free'],
    [9, 'd instance-free'],
  ],
  [
    'held back beyond the delay',
    of({ delayUs: 100 }, { heldBack: 2 }),
    'a b@300',
    [200, 'wait Infinity'],
    [300, 'ab delay-over'],
  ],
];

for (const [what, setup, script, ...events] of rows) {
  test(`batches: ${what} (${script})`, () => {
    assert.deepEqual(play(setup, script, pullTimes(events)), events);
  });
}
