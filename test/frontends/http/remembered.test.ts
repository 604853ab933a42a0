import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInferRequest } from '../../../src/frontends/http/codec/infer-request.js';
import type { ResponseForm } from '../../../src/frontends/http/codec/infer-response.js';
import { RememberedRequest } from '../../../src/frontends/http/remembered-request.js';
import { rememberedHead, rememberHead } from '../../../src/frontends/http/remembered-head.js';

const limits = { tensorBytesMax: 1024 };

function json(name: string, more: object = {}): Buffer {
  const inputs = [{ name, datatype: 'FP32', shape: [1], ...more }];
  return Buffer.from(JSON.stringify({ inputs }));
}

test('the JSON before binary tensors is known again by all its bytes', () => {
  const remembered = new RememberedRequest();
  const text = json('x', { parameters: { binary_data_size: 4 } });
  assert.equal(remembered.find(text), undefined);
  const request = readInferRequest(text, limits);
  remembered.keep(text, request);
  assert.equal(remembered.find(Buffer.from(text)), request);
  assert.equal(remembered.find(json('y', { parameters: { binary_data_size: 4 } })), undefined);
  assert.equal(remembered.find(text.subarray(1)), undefined);
  // What lies where the text was received is not what is remembered.
  text.fill(0);
  assert.equal(remembered.find(text), undefined);
  assert.equal(remembered.find(json('x', { parameters: { binary_data_size: 4 } })), request);
});

test('JSON with a tensor in it, without inputs or of more than 2 KiB is not remembered', () => {
  for (const text of [json('x', { data: [1] }), Buffer.from('{}'), json('x'.repeat(2048))]) {
    const remembered = new RememberedRequest();
    remembered.keep(text, readInferRequest(text, limits));
    assert.equal(remembered.find(text), undefined);
  }
});

const data = new Uint8Array(4);
const form: ResponseForm = {
  layout: 'infer',
  id: '',
  modelName: 'm',
  modelVersion: 1,
  outputs: [{ name: 'y', datatype: 'FP32', shape: [1], data, as: 'binary', binaryBytes: 4 }],
};
const [output] = form.outputs;

test('the JSON before binary outputs is known again for the same version and the same form of outputs', () => {
  const source = {};
  const text = [Buffer.from('{}')];
  rememberHead(source, form, text);
  assert.equal(rememberedHead(source, { ...form, outputs: [{ ...output!, data: new Uint8Array(4) }] }), text);
  assert.equal(rememberedHead({}, form), undefined);
  for (const other of [
    { ...form, id: 'a' },
    { ...form, outputs: [] },
    ...[
      { name: 'z' },
      { datatype: 'INT32' },
      { shape: [1, 1] },
      { shape: [2] },
      { as: 'nothing' },
      { binaryBytes: 8 },
    ].map((change) => ({ ...form, outputs: [{ ...output!, ...change }] })),
  ]) {
    assert.equal(rememberedHead(source, other as ResponseForm), undefined);
  }
});

test('an answer with an id, or with a tensor in its JSON, is not remembered', () => {
  for (const other of [
    { ...form, id: 'a' },
    { ...form, outputs: [{ ...output!, as: 'json' as const }] },
  ]) {
    const source = {};
    rememberHead(source, other, []);
    assert.equal(rememberedHead(source, other), undefined);
  }
});
