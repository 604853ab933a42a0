import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InferenceError } from '../../src/inference/error.js';
import { ThreadInstance } from '../../src/instances/instance.js';
import { joinBytes } from '../../src/tensors/bytes.js';
import type { Tensor } from '../../src/tensors/tensor.js';
import { openMessage, sharedSlots, TestInstance, tensorOf } from '../support/instance.js';
import { failure } from '../support/scheduler.js';
import { testInstances } from './instance-suite.js';

testInstances({
  open: (model) => ThreadInstance.open(model, { onDeath() {} }),
  closedText: (name) => `the thread of instance '${name}' has ended`,
});

const strings = (...texts: string[]): Tensor =>
  tensorOf('INPUT0', [1, texts.length], joinBytes(texts.map((text) => Buffer.from(text))));

test('the slot travels with the batch and comes back', async () => {
  const { real } = await TestInstance.open('identity_fp32');
  const slot = sharedSlots ? new SharedArrayBuffer(1024) : new ArrayBuffer(1024);
  new Float32Array(slot)[0] = 1.5;
  const inputs = [{ index: 0, shape: [1, 1], offset: 0, byteLength: 4 }];
  const running = real.run([{ slot, batchSize: 1, inputs, wanted: [0], outputsAt: 64 }]);
  assert.equal(slot.byteLength, sharedSlots ? 1024 : 0);
  const [result] = (await running).results;
  assert.equal(result!.kind, 'done');
  assert.equal(result!.slot.byteLength, 1024);
  await real.close();
});

test('a thread that was told to leave ends quietly', async () => {
  const deaths: InferenceError[] = [];
  const { real } = await TestInstance.open('identity_fp32', { onDeath: (error) => deaths.push(error) });
  await real.close();
  assert.deepEqual(deaths, []);
});

test('a thread that bursts its heap fails the batch that it held and says so once', async () => {
  const deaths: InferenceError[] = [];
  const instance = await TestInstance.open('identity_bytes', {
    heapLimitMb: 24,
    onDeath: (error) => deaths.push(error),
  });
  const burst = await failure(instance.run([manyStrings()]));
  assert.equal(burst.code, 'unavailable');
  assert.match(
    burst.message,
    /^the thread of instance 'identity_bytes_0' ended unexpectedly \(.*memory.*\)$/,
  );
  assert.deepEqual(deaths, [burst]);
  assert.equal((await failure(instance.run([strings('a')]))).code, 'unavailable');
  await instance.real.close();
});

function manyStrings(): Tensor {
  const elements = Array.from({ length: 2_000_000 }, () => Buffer.from('é-'));
  return tensorOf('INPUT0', [1, elements.length], joinBytes(elements));
}

test('a thread that ends before its session is open is an error of the load', async () => {
  const model = await openMessage('identity_fp32');
  const entries = Object.fromEntries(Array.from({ length: 500_000 }, (_, at) => [`session.${at}`, `${at}`]));
  const tooMuch = { ...model, session: { ...model.session, entries } };
  const error = await failure(ThreadInstance.open(tooMuch, { onDeath() {}, heapLimitMb: 24 }));
  assert.equal(error.code, 'unavailable');
  assert.match(
    error.message,
    /^the thread of instance 'identity_fp32_0' ended before its session was open \(/,
  );
});
