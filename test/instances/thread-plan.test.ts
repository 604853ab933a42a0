import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { defaultIntraOpThreads, reportThreads, type ThreadWish } from '../../src/instances/thread-plan.js';

const own = (instanceCount: number, intraOpThreads: number): ThreadWish => ({
  instanceCount,
  intraOpThreads,
});
const any = (instanceCount: number): ThreadWish => ({ instanceCount, intraOpThreads: undefined });

const cases: readonly { wishes: ThreadWish[]; cores: number; threads: number; why: string }[] = [
  { wishes: [any(1)], cores: 8, threads: 8, why: 'one instance gets all cores' },
  { wishes: [any(1), any(3)], cores: 8, threads: 2, why: 'instances of all models share evenly' },
  { wishes: [any(3)], cores: 8, threads: 2, why: 'a rest of the division stays free' },
  { wishes: [any(9)], cores: 8, threads: 1, why: 'more instances than cores get one each' },
  { wishes: [any(2), own(2, 2)], cores: 8, threads: 2, why: 'what a config names is taken off first' },
  {
    wishes: [any(2), own(4, 4)],
    cores: 8,
    threads: 1,
    why: 'at least one, when configs name more than there is',
  },
  { wishes: [own(1, 4)], cores: 8, threads: 1, why: 'nobody to share among' },
  { wishes: [], cores: 8, threads: 1, why: 'no models' },
];

for (const { wishes, cores, threads, why } of cases) {
  test(`threads of an instance: ${why}`, () => {
    assert.equal(defaultIntraOpThreads(wishes, cores), threads);
  });
}

test('instances times threads stays within the cores wherever one thread each would', () => {
  const wish = fc.record({
    instanceCount: fc.integer({ min: 1, max: 6 }),
    intraOpThreads: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 6 }), fc.integer({ min: 1, max: 128 }), (wishes, cores) => {
      const threads = defaultIntraOpThreads(wishes, cores);
      const used = (perInstance: number): number =>
        wishes.reduce((sum, one) => sum + one.instanceCount * (one.intraOpThreads ?? perInstance), 0);
      assert.ok(Number.isInteger(threads) && threads >= 1);
      assert.ok(used(threads) <= Math.max(cores, used(1)));
    }),
  );
});

const row = (model: string, instanceCount: number, intraOpThreads: number) => ({
  model,
  version: 1,
  instanceCount,
  intraOpThreads,
});

test('the report of threads is one table with the sum against the cores', () => {
  assert.deepEqual(reportThreads([row('simple', 2, 1), row('resnet50', 1, 2)], 4), {
    lines: [
      'model     version  instances  intra-op threads  total',
      'simple    1        2          1                 2',
      'resnet50  1        1          2                 2',
      '4 intra-op threads on 4 cores',
    ],
    warning: undefined,
  });
});

test('more threads than cores are warned of once, with what to change', () => {
  const { warning } = reportThreads([row('a', 2, 1), row('b', 1, 1)], 2);
  assert.match(warning ?? '', /^3 intra-op threads on 2 cores: .+'a' has most of them, 2\. To mend it: /);
});

test('models with one thread each are not warned of, however many they are', () => {
  const one = { version: 1, instanceCount: 1, intraOpThreads: 1 };
  const rows = ['a', 'b', 'c'].map((model) => ({ model, ...one }));
  assert.equal(reportThreads(rows, 2).warning, undefined);
});

test('one model that has more threads than there are cores is named as such', () => {
  const { warning } = reportThreads([row('a', 1, 1), row('b', 1, 2), row('b', 2, 8)], 4);
  assert.match(warning ?? '', /^19 intra-op threads on 4 cores: .+'b' alone has 18\. To mend it: /);
});
