import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InferRequest } from '../../src/inference/request.js';
import { createHeaderForwarder } from '../../src/server/forwarded-headers.js';

async function forwarded(pattern: string, headers: readonly (readonly [string, string])[]): Promise<object> {
  const request = new InferRequest('', []);
  request.parameters = new Map([['own', 1n]]);
  (await createHeaderForwarder(pattern)).forward(headers, request);
  return Object.fromEntries(request.parameters);
}

test('headers whose name matches anywhere, in any case, become parameters beside those of the request', async () => {
  const headers = [
    ['X-User-Id', 'u1'],
    ['x-user-team', 't1'],
    ['accept', '*/*'],
  ] as const;
  assert.deepEqual(await forwarded('user', headers), { own: 1n, 'X-User-Id': 'u1', 'x-user-team': 't1' });
  assert.deepEqual(await forwarded('^x-.*id$', headers), { own: 1n, 'X-User-Id': 'u1' });
  assert.deepEqual(await forwarded('nothing', headers), { own: 1n });
});

test('of a header that comes twice the last value counts, and before a parameter of that name', async () => {
  assert.deepEqual(
    await forwarded('own', [
      ['own', 'a'],
      ['own', 'b'],
    ]),
    { own: 'b' },
  );
});

test('names that mean something to the server cannot be forwarded', async () => {
  const names = ['sequence_id', 'sequence_start', 'sequence_end', 'priority', 'timeout', 'headers'];
  for (const name of [...names, 'binary_data_output', 'triton_grpc_error']) {
    await assert.rejects(forwarded('.*', [[name, 'x']]), {
      message: `Header '${name}' is reserved for Triton usage and cannot be forwarded.`,
      code: 'invalid-argument',
    });
  }
  assert.deepEqual(await forwarded('x-.*', [['timeout', '3']]), { own: 1n });
});

test('what matched once matches again, also beyond the names that are remembered', async () => {
  const forwarder = await createHeaderForwarder('x-');
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 1500; i++) {
      const request = new InferRequest('', []);
      forwarder.forward(
        [
          [`x-${i}`, 'v'],
          [`y-${i}`, 'v'],
        ],
        request,
      );
      assert.deepEqual([...request.parameters], [[`x-${i}`, 'v']]);
    }
  }
});

test('a pattern that is none is said to be none', async () => {
  await assert.rejects(createHeaderForwarder('('), /missing closing/);
});
