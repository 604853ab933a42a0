import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactDelay, withBatching, type BatchingRig } from '../support/batching.js';
import { expectOk, type AnyMessage, type OpenCall } from '../support/client.js';
import { floatsOf, pairsRequest, slowAloneRequest, slowRequest } from '../support/row-requests.js';

const delayUs = 200_000;

/** Longer than a test may take: what it delays is seen to be delayed. */
const endlessUs = 600_000_000;

/** Sizes of 4 and 6 are preferred where a batch may have 8, and the delay is meant to the letter. */
function settings(waits: boolean): string {
  const delay = waits ? delayUs : endlessUs;
  return `
dynamic_batching { preferred_batch_size: [ 4, 6 ] max_queue_delay_microseconds: ${delay} }
${exactDelay}`;
}

interface Scene {
  readonly what: string;
  /** Rows and width of each request, in the order of arrival. */
  readonly requests: readonly (readonly [rows: number, width: number])[];
  /** Executions by batch size. */
  readonly batches: Readonly<Record<number, number>>;
  /** Whether somebody has to wait for the whole delay. */
  readonly waits: boolean;
}

const scenes: readonly Scene[] = [
  {
    what: 'one request of a preferred size runs at once',
    requests: [[4, 2]],
    batches: { 4: 1 },
    waits: false,
  },
  {
    what: 'requests that sum up to a preferred size run as one',
    requests: [
      [1, 2],
      [3, 2],
    ],
    batches: { 4: 1 },
    waits: false,
  },
  {
    what: 'the largest preferred size that can be made is made',
    requests: [
      [2, 2],
      [2, 2],
      [2, 2],
    ],
    batches: { 6: 1 },
    waits: false,
  },
  {
    what: 'requests that sum up to no preferred size wait for the delay and run as one',
    requests: [
      [1, 2],
      [2, 2],
    ],
    batches: { 3: 1 },
    waits: true,
  },
  {
    what: 'a request that is larger than every preferred size runs at once',
    requests: [[7, 2]],
    batches: { 7: 1 },
    waits: false,
  },
  {
    what: 'requests that pass the largest preferred size run at once without the last',
    requests: [
      [5, 2],
      [6, 2],
    ],
    batches: { 5: 1, 6: 1 },
    waits: false,
  },
  {
    what: 'requests that pass the limit of a batch run at once without the last',
    requests: [
      [3, 2],
      [2, 2],
      [4, 2],
    ],
    batches: { 5: 1, 4: 1 },
    waits: false,
  },
  {
    what: 'a request of another shape ends a batch, and begins the next',
    requests: [
      [2, 2],
      [1, 2],
      [1, 3],
      [3, 3],
    ],
    batches: { 3: 1, 4: 1 },
    waits: false,
  },
  {
    what: 'what is behind a request of another shape does not overtake it',
    requests: [
      [1, 2],
      [4, 3],
      [1, 2],
      [3, 2],
    ],
    batches: { 1: 1, 4: 2 },
    waits: false,
  },
];

function rowsOf(number: number, [rows, width]: Scene['requests'][number]): number[][] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: width }, (_, at) => number * 100 + row * 10 + at),
  );
}

async function play(rig: BatchingRig, { requests, batches, waits }: Scene): Promise<void> {
  const calls: OpenCall[] = [];
  for (const [number, size] of requests.entries()) {
    calls.push(await rig.send(pairsRequest('row_pairs', rowsOf(number, size))));
  }
  for (const [number, { outcome }] of calls.entries()) {
    const given = rowsOf(number, requests[number]!).flat();
    const response = expectOk(await outcome);
    assert.deepEqual(
      floatsOf(response, 'SUM'),
      given.map((value) => value + value),
    );
    assert.deepEqual(
      floatsOf(response, 'PRODUCT'),
      given.map((value) => Math.fround(value * value)),
    );
  }
  const counted = await rig.counted('row_pairs');
  assert.deepEqual(counted.batches, batches);
  assert.equal(counted.success, requests.length);
  if (waits) assert.ok(counted.queueUs >= delayUs, `waited ${counted.queueUs} µs`);
}

for (const scene of scenes) {
  test(scene.what, async () => {
    const models = [{ graph: 'row_pairs', settings: settings(scene.waits) }];
    await withBatching({ models, heldBack: scene.requests.length }, (rig) => play(rig, scene));
  });
}

test('requests that ask for different outputs run as one, and each gets what it asked for', async () => {
  const models = [{ graph: 'row_pairs', settings: settings(false) }];
  await withBatching({ models, heldBack: 4 }, async (rig) => {
    const wanted = [['SUM'], ['PRODUCT'], ['PRODUCT', 'SUM'], []];
    const calls = [];
    for (const names of wanted) {
      const outputs = names.map((name) => ({ name }));
      calls.push(await rig.send(pairsRequest('row_pairs', [[calls.length, 10]], { outputs })));
    }
    const answers = [];
    for (const { outcome } of calls) {
      const response = expectOk(await outcome);
      answers.push(
        Object.fromEntries(response.outputs.map(({ name }: AnyMessage) => [name, floatsOf(response, name)])),
      );
    }
    assert.deepEqual(answers, [
      { SUM: [0, 20] },
      { PRODUCT: [1, 100] },
      { SUM: [4, 20], PRODUCT: [4, 100] },
      { SUM: [6, 20], PRODUCT: [9, 100] },
    ]);
    assert.deepEqual((await rig.counted('row_pairs')).batches, { 4: 1 });
  });
});

test('what waits while the only instance runs forms the batches that it takes next', async () => {
  const models = [{ graph: 'row_slow', settings: 'dynamic_batching { }' }];
  await withBatching({ models }, async (rig) => {
    const calls = [await rig.occupy(slowRequest('row_slow', 60_000))];
    for (let number = 0; number < 10; number++) calls.push(await rig.send(slowRequest('row_slow', number)));
    for (const { outcome } of calls) expectOk(await outcome);
    const { executions, inferences, batches } = await rig.counted('row_slow');
    assert.deepEqual(
      { executions, inferences, batches },
      {
        executions: 3,
        inferences: 11,
        batches: { 1: 1, 2: 1, 8: 1 },
      },
    );
  });
});

test('a model without a batch dimension runs request by request, with or without a batcher', async () => {
  const models = [{ graph: 'slow', settings: 'dynamic_batching { max_queue_delay_microseconds: 1000 }' }];
  await withBatching({ models, heldBack: 3 }, async (rig) => {
    const calls = [];
    for (let number = 0; number < 3; number++) calls.push(await rig.send(slowAloneRequest('slow', number)));
    for (const { outcome } of calls) expectOk(await outcome);
    assert.deepEqual((await rig.counted('slow')).batches, { 1: 3 });
  });
});
