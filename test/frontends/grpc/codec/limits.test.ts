import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InferenceError } from '../../../../src/inference/error.js';
import { readContents, type Contents } from '../../../../src/frontends/grpc/codec/contents.js';
import { decodeInferRequest } from '../../../../src/frontends/grpc/codec/infer-request.js';
import {
  dimsMax,
  inputsMax,
  outputsMax,
  parametersMax,
  rawContentsMax,
  shapeDimsMax,
} from '../../../../src/frontends/grpc/codec/limits.js';
import { encode, inferRequest, tensorContents, type Plain } from './schema.js';

const mb = 1_000_000;
const floodBytes = 20 * mb;

/** Twenty MB of one short piece over and over. */
function flood(hex: string): Buffer {
  const piece = Buffer.from(hex, 'hex');
  return Buffer.alloc(floodBytes - (floodBytes % piece.byteLength), piece);
}

/** A field of bytes, of any length. */
function field(number: number, ...content: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const length: number[] = [];
  let rest = bytes.byteLength;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, rest]), bytes]);
}

const inInput = (bytes: Buffer): Buffer => field(5, bytes);
const inParameter = (bytes: Buffer): Buffer => field(4, bytes);

/** Runs with the heap watched: what comes in pieces of two bytes must not become objects. */
function withBoundedHeap<T>(act: () => T): T {
  const before = process.memoryUsage().heapUsed;
  const result = act();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 100 * mb, `the heap grew by ${Math.round(grown / mb)} MB`);
  return result;
}

const tooMany = (text: string) => (error: unknown) => {
  assert.ok(error instanceof InferenceError);
  assert.equal(error.code, 'invalid-argument');
  assert.equal(error.message, text);
  return true;
};

describe('20 MB of things that are counted are refused', () => {
  const cases: Readonly<Record<string, readonly [bytes: Buffer, text: string]>> = {
    'empty inputs': [flood('2a00'), 'too many inputs: at most 16384 are accepted'],
    'empty outputs': [flood('3200'), 'too many outputs: at most 16384 are accepted'],
    'empty raw contents': [flood('3a00'), 'too many raw_input_contents: at most 16384 are accepted'],
    'empty parameters': [flood('2200'), 'too many parameters in one request: at most 65536 are accepted'],
    "an input's empty parameters": [
      inInput(flood('2200')),
      'too many parameters in one request: at most 65536 are accepted',
    ],
    "an output's empty parameters": [
      field(6, flood('1200')),
      'too many parameters in one request: at most 65536 are accepted',
    ],
    dimensions: [inInput(flood('1801')), 'too many dimensions in one shape: at most 1024 are accepted'],
    'packed dimensions': [
      inInput(field(3, flood('01'))),
      'too many dimensions in one shape: at most 1024 are accepted',
    ],
    'dimensions of many inputs': [
      Buffer.alloc(floodBytes, inInput(field(3, Buffer.alloc(1000, 1)))),
      'too many dimensions in one request: at most 1048576 are accepted',
    ],
  };
  for (const [what, [bytes, text]] of Object.entries(cases)) {
    test(what, () => {
      withBoundedHeap(() => assert.throws(() => decodeInferRequest(bytes), tooMany(text)));
    });
  }
});

test('as many as are accepted are read', () => {
  const pieces = [
    [inputsMax, '2a00'],
    [outputsMax, '3200'],
    [rawContentsMax, '3a00'],
    [parametersMax, '2200'],
  ] as const;
  const whole = Buffer.concat(pieces.map(([count, hex]) => Buffer.from(hex.repeat(count), 'hex')));
  const message = decodeInferRequest(whole);
  assert.equal(message.inputs.length, inputsMax);
  assert.equal(message.outputs.length, outputsMax);
  assert.equal(message.raw.length, rawContentsMax);
  assert.equal(message.parameters.size, 1);
  for (const [, hex] of pieces) {
    const more = Buffer.concat([whole, Buffer.from(hex, 'hex')]);
    assert.throws(() => decodeInferRequest(more), InferenceError);
  }
});

test('as many dimensions as are accepted are read, packed or not', () => {
  const unpacked = inInput(Buffer.from('1801'.repeat(shapeDimsMax), 'hex'));
  const packed = inInput(field(3, Buffer.alloc(shapeDimsMax, 1)));
  for (const input of [unpacked, packed]) {
    assert.deepEqual(decodeInferRequest(input).inputs[0]?.shape, Array<number>(shapeDimsMax).fill(1));
  }
  const count = dimsMax / shapeDimsMax;
  const full = Buffer.concat(Array<Buffer>(count).fill(packed));
  assert.equal(decodeInferRequest(full).inputs.length, count);
  const more = Buffer.concat([full, inInput(Buffer.from('1801', 'hex'))]);
  assert.throws(() => decodeInferRequest(more), InferenceError);
});

describe('20 MB of elements become the tensor and nothing else', () => {
  const half = floodBytes / 2;
  const cases: Readonly<Record<string, readonly [list: Buffer, datatype: string, raw: Buffer]>> = {
    'empty strings': [flood('4200'), 'BYTES', Buffer.alloc(half * 4)],
    'unpacked integers': [flood('1001'), 'INT32', Buffer.alloc(half * 4, '01000000', 'hex')],
    'unpacked negative integers of 64 bits': [
      flood('18ffffffffffffffffff01'),
      'INT64',
      Buffer.alloc(Math.floor(floodBytes / 11) * 8, 0xff),
    ],
    'packed integers': [field(2, flood('01')), 'INT8', Buffer.alloc(floodBytes, 1)],
    'unpacked booleans': [flood('0801'), 'BOOL', Buffer.alloc(half, 1)],
    'unpacked floats': [
      flood('3500000040'),
      'FP32',
      Buffer.alloc((floodBytes / 5) * 4, Buffer.from('00000040', 'hex')),
    ],
    'lists without elements': [flood('1200'), 'INT32', Buffer.alloc(0)],
  };
  for (const [what, [list, datatype, raw]] of Object.entries(cases)) {
    test(what, () => {
      const contents = withBoundedHeap(() => read(inInput(field(5, list)), datatype));
      assert.equal(contents.kind, 'raw');
      assert.ok(contents.kind === 'raw' && raw.equals(contents.data));
    });
  }
});

function read(message: Buffer, datatype: string): Contents {
  const [input] = decodeInferRequest(message).inputs;
  assert.ok(input?.contents !== undefined);
  return readContents(input.contents, datatype);
}

describe('20 MB of pieces of one nested message are joined', () => {
  test('contents of nothing', () => {
    const message = inInput(flood('2a00'));
    const contents = withBoundedHeap(() => read(message, 'FP32'));
    assert.deepEqual(contents, { kind: 'raw', data: new Uint8Array(0) });
  });

  test('contents of one element each', () => {
    const message = inInput(flood('2a021001'));
    const contents = withBoundedHeap(() => read(message, 'UINT8'));
    assert.deepEqual(contents, { kind: 'mismatch', list: 'INT32' });
  });

  test('values of a parameter', () => {
    const message = inParameter(flood('12021001'));
    const { parameters } = withBoundedHeap(() => decodeInferRequest(message));
    assert.deepEqual([...parameters], [['', { kind: 'int64_param', value: 1n }]]);
  });
});

test('pieces of contents among other fields are joined in their order', () => {
  const piece = (plain: Plain): Buffer => field(5, encode(tensorContents, plain));
  const other = Buffer.from('0a0178a3060a0179a406', 'hex');
  const message = inInput(
    Buffer.concat([
      piece({ bytes_contents: [Buffer.from('a')] }),
      other,
      piece({ bytes_contents: [Buffer.from('bc'), Buffer.from('')] }),
      other,
    ]),
  );
  const contents = read(Buffer.concat([message, encode(inferRequest, { id: 'behind' })]), 'BYTES');
  assert.ok(contents.kind === 'raw');
  assert.equal(Buffer.from(contents.data).toString('hex'), '010000006102000000626300000000');
});
