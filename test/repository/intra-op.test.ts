import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { completeModelConfig } from '../../src/config/complete.js';
import { parseModelConfig } from '../../src/config/parse.js';
import { defaultIntraOpThreads } from '../../src/instances/thread-plan.js';
import { chooseIntraOpThreads, countFewestThreads, type Chosen } from '../../src/repository/threads.js';

/** A config as the repository reads it, and one version of it. */
function model(settings: string): Chosen {
  const config = completeModelConfig(parseModelConfig(`backend: "onnxruntime" ${settings}`, 'config.pbtxt'), {
    folder: 'm',
    hasOnnxFile: true,
    gpus: [],
  });
  return { config, versions: [1] };
}

const threads = (count: number): string =>
  `parameters { key: "intra_op_thread_count" value { string_value: "${count}" } }`;
const groupThreads = (group: string, count: number): string =>
  `parameters { key: "nereid.intra_op_thread_count.${group}" value { string_value: "${count}" } }`;
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
  [[`${instances(1)} instance_group { count: 5 passive: true }`], 8, 8],
  [[`${instances(1)} instance_group { name: "b" count: 2 } ${groupThreads('b', 3)}`], 8, 2],
  [[`${instances(2)} ${threads(2)} ${groupThreads('m_0', 3)}`, instances(1)], 8, 2],
];

for (const [models, cores, expected] of rows) {
  test(`on ${cores} cores the models [${models.join('], [')}] have ${expected} threads an instance`, () => {
    assert.equal(chooseIntraOpThreads(models.map(model), cores), expected);
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

test('all versions of a model count', () => {
  assert.equal(chooseIntraOpThreads([{ ...model(instances(1)), versions: [1, 2] }], 8), 4);
});

test('a number for all sessions takes the place of the share, a number of shared threads that of the cores', () => {
  const models = [model(instances(2)), model(instances(1))];
  assert.equal(chooseIntraOpThreads(models, 8, { intraOpThreads: 5 }), 5);
  assert.equal(chooseIntraOpThreads(models, 8, { sharedThreads: 12 }), 4);
});

test('the fewest threads are those of the version with the smallest sum over its instances', () => {
  assert.equal(countFewestThreads([model(instances(4)), model(`${instances(1)} ${threads(3)}`)], 1), 3);
  assert.equal(countFewestThreads([], 2), 1);
});
