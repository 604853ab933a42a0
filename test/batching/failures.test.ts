import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { test } from 'node:test';
import { withBatching } from '../support/batching.js';
import { expectOk, type AnyMessage } from '../support/client.js';
import { floatsOf, lookupRequest, pairsRequest } from '../support/row-requests.js';

const lookup = { graph: 'row_lookup', settings: 'dynamic_batching { }' };

test('a request that fails the run of its batch fails alone, and the others are answered', async () => {
  await withBatching({ models: [lookup], heldBack: 4 }, async (rig) => {
    const calls = [];
    for (const indices of [[0], [1, 99], [2, 3], [-1]]) {
      calls.push(await rig.send(lookupRequest('row_lookup', indices)));
    }
    const [first, bad, third, last] = await Promise.all(calls.map(({ outcome }) => outcome));
    assert.deepEqual(floatsOf(expectOk(first!)), [10]);
    assert.deepEqual(floatsOf(expectOk(third!)), [30, 40]);
    assert.deepEqual(floatsOf(expectOk(last!)), [40]);
    assert.ok(bad?.kind === 'failed');
    assert.equal(bad.code, status.INTERNAL);
    assert.match(bad.details, /idx=99 must be within/);
    const { success, fail, inferences, batches } = await rig.counted('row_lookup');
    assert.deepEqual(
      { success, fail, inferences, batches },
      {
        success: 3,
        fail: 1,
        inferences: 4,
        batches: { 1: 2, 2: 1 },
      },
    );
  });
});

test('when every request of a batch fails, each is told why, and nothing is counted as executed', async () => {
  await withBatching({ models: [lookup], heldBack: 2 }, async (rig) => {
    const calls = [];
    for (const index of [77, 88]) calls.push(await rig.send(lookupRequest('row_lookup', [index])));
    const details = [];
    for (const { outcome } of calls) details.push(((await outcome) as AnyMessage).details);
    assert.match(details[0], /idx=77/);
    assert.match(details[1], /idx=88/);
    const { success, fail, executions } = await rig.counted('row_lookup');
    assert.deepEqual({ success, fail, executions }, { success: 0, fail: 2, executions: 0 });
  });
});

test('a request that can be told to be wrong never reaches the batch, which runs without it', async () => {
  const models = [{ graph: 'row_pairs', settings: 'dynamic_batching { }' }];
  await withBatching({ models, heldBack: 2 }, async (rig) => {
    const right = [await rig.send(pairsRequest('row_pairs', [[1]]))];
    const wrong: AnyMessage[] = [
      pairsRequest(
        'row_pairs',
        Array.from({ length: 9 }, () => [1]),
      ),
      { ...pairsRequest('row_pairs', [[1]]), outputs: [{ name: 'OTHER' }] },
      { ...pairsRequest('row_pairs', [[1]]), raw_input_contents: [Buffer.alloc(4), Buffer.alloc(5)] },
    ];
    for (const request of wrong) {
      const outcome = await rig.client.infer(request);
      assert.equal(outcome.kind === 'failed' && outcome.code, status.INVALID_ARGUMENT);
    }
    right.push(await rig.send(pairsRequest('row_pairs', [[2]])));
    for (const [at, { outcome }] of right.entries()) {
      assert.deepEqual(floatsOf(expectOk(await outcome), 'SUM'), [2 + 2 * at]);
    }
    const { success, fail, batches } = await rig.counted('row_pairs');
    assert.deepEqual({ success, fail, batches }, { success: 2, fail: 0, batches: { 2: 1 } });
  });
});

test('of a model that answers with too many rows each request gets the ones in its place', async () => {
  const models = [{ graph: 'more_rows', settings: 'dynamic_batching { }' }];
  await withBatching({ models, heldBack: 2 }, async (rig) => {
    const calls = [];
    for (const value of [1, 2]) {
      const text = Buffer.from(`\u0001\0\0\0${value}\u0001\0\0\0x`);
      const message = {
        model_name: 'more_rows',
        inputs: [
          { name: 'INPUT0', datatype: 'FP32', shape: [1, 2] },
          { name: 'INPUT1', datatype: 'BYTES', shape: [1, 2] },
        ],
        raw_input_contents: [Buffer.from(Float32Array.of(value, 0).buffer), text],
      };
      calls.push(await rig.send(message));
    }
    for (const [at, { outcome }] of calls.entries()) {
      const response = expectOk(await outcome);
      assert.deepEqual(floatsOf(response), [at + 1, 0]);
      assert.equal(response.raw_output_contents[1].toString(), `\u0001\0\0\0${at + 1}\u0001\0\0\0x`);
    }
  });
});

test('a string that the runtime cannot take fails its request alone', async () => {
  const models = [{ graph: 'identity_bytes', settings: 'dynamic_batching { }' }];
  await withBatching({ models, heldBack: 4 }, async (rig) => {
    const strings = [[0x61], [0x61, 0], [0xff], [0x62]];
    const calls = [];
    for (const bytes of strings) {
      calls.push(
        await rig.send({
          model_name: 'identity_bytes',
          inputs: [{ name: 'INPUT0', datatype: 'BYTES', shape: [1, 1] }],
          raw_input_contents: [Buffer.from([bytes.length, 0, 0, 0, ...bytes])],
        }),
      );
    }
    const outcomes = await Promise.all(calls.map(({ outcome }) => outcome));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['ok', 'failed', 'failed', 'ok'],
    );
    assert.deepEqual(expectOk(outcomes[3]!).raw_output_contents, [Buffer.from([1, 0, 0, 0, 0x62])]);
  });
});
