import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { completeModelConfig } from '../../src/config/complete.js';
import { toSessionSettings } from '../../src/config/parameters.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { defaultIntraOpThreads, type ThreadWish } from '../../src/instances/thread-plan.js';
import { countInstances } from '../../src/models/instance-places.js';

/** What a config wishes for, as the repository reads it. */
function wish(settings: string): ThreadWish {
  const config = completeModelConfig(parseModelConfig(`backend: "onnxruntime" ${settings}`, 'config.pbtxt'), {
    folder: 'm',
    hasOnnxFile: true,
    gpus: [],
  });
  return { instanceCount: countInstances(config), intraOpThreads: toSessionSettings(config).intraOpThreads };
}

const threads = (count: number): string =>
  `parameters { key: "intra_op_thread_count" value { string_value: "${count}" } }`;
const instances = (count: number): string => `instance_group { kind: KIND_CPU count: ${count} }`;

const rows: readonly (readonly [models: readonly string[], cores: number, expected: number])[] = [
  [[], 8, 1],
  [[instances(1)], 8, 8],
  [[''], 8, 4],
  [['', ''], 8, 2],
  [[instances(3)], 8, 2],
  [[instances(1), instances(1), instances(1)], 8, 2],
  [[`${instances(2)} ${threads(2)}`, instances(1)], 8, 4],
  [[`${instances(4)} ${threads(2)}`, instances(1)], 8, 1],
  [[`${instances(4)} ${threads(4)}`, instances(2)], 8, 1],
  [[`${instances(1)} ${threads(0)}`], 8, 8],
  [[instances(16)], 8, 1],
  [[`${instances(2)} ${instances(2)}`], 8, 2],
  [[''], 1, 1],
];

for (const [models, cores, expected] of rows) {
  test(`on ${cores} cores the models [${models.join('], [')}] have ${expected} threads an instance`, () => {
    assert.equal(defaultIntraOpThreads(models.map(wish), cores), expected);
  });
}

test('all threads together stay within the cores wherever that is possible', () => {
  const one = fc.record({
    instanceCount: fc.integer({ min: 1, max: 6 }),
    intraOpThreads: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), fc.integer({ min: 1, max: 64 }), (wishes, cores) => {
      const threadsEach = defaultIntraOpThreads(wishes, cores);
      const used = (fallback: number): number =>
        wishes.reduce(
          (sum, { instanceCount, intraOpThreads }) => sum + instanceCount * (intraOpThreads ?? fallback),
          0,
        );
      assert.ok(threadsEach >= 1);
      if (used(1) <= cores) assert.ok(used(threadsEach) <= cores);
      const sharing = wishes.some(({ intraOpThreads }) => intraOpThreads === undefined);
      if (sharing) assert.ok(used(threadsEach + 1) > cores);
    }),
  );
});
