import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { wholeBytes } from '../../../../src/tensors/chunked-bytes.js';
import { readContents } from '../../../../src/frontends/grpc/codec/contents.js';
import {
  decodeInferRequest,
  type WireInferRequest,
  type WireParameter,
  type WireParameters,
} from '../../../../src/frontends/grpc/codec/infer-request.js';
import { MalformedMessage } from '../../../../src/frontends/grpc/codec/reader.js';
import { encode, inferParameter, inferRequest, request, type Plain } from './schema.js';
import { twin } from './twin.js';
import { requestPieces } from './wire-pieces.js';

// protobufjs replaces a message that comes in pieces where the specification merges it, so that the twin
// for what is odd on the wire is another library.
const requestSchema = twin.getMessage('inference.ModelInferRequest')!;
const contentsSchema = twin.getMessage('inference.InferTensorContents')!;

function ours(message: WireInferRequest): Plain {
  return {
    names: [message.modelName, message.modelVersion, message.id],
    parameters: ourParameters(message.parameters),
    inputs: message.inputs.map(({ name, datatype, shape, parameters, contents }) => ({
      name,
      datatype,
      shape,
      parameters: ourParameters(parameters),
      contents: contents === undefined ? undefined : lists(fromBinary(contentsSchema, contents)),
    })),
    outputs: message.outputs.map(({ name, parameters }) => ({ name, parameters: ourParameters(parameters) })),
    raw: message.raw.map((bytes) => [...wholeBytes(bytes)]),
  };
}

function ourParameters(parameters: WireParameters): Plain {
  return sorted(
    [...parameters].map(([key, one]) => [key, one.kind, one.kind === 'unset' ? undefined : one.value]),
  );
}

const choices: Readonly<Record<string, WireParameter['kind']>> = {
  boolParam: 'bool_param',
  int64Param: 'int64_param',
  stringParam: 'string_param',
  doubleParam: 'double_param',
  uint64Param: 'uint64_param',
};

function theirs(message: Plain): Plain {
  return {
    names: [message.modelName, message.modelVersion, message.id],
    parameters: theirParameters(message.parameters),
    inputs: message.inputs.map((input: Plain) => ({
      name: input.name,
      datatype: input.datatype,
      shape: input.shape.map(Number),
      parameters: theirParameters(input.parameters),
      contents: input.contents === undefined ? undefined : lists(input.contents),
    })),
    outputs: message.outputs.map(({ name, parameters }: Plain) => ({
      name,
      parameters: theirParameters(parameters),
    })),
    raw: message.rawInputContents.map((bytes: Uint8Array) => [...wholeBytes(bytes)]),
  };
}

function theirParameters(parameters: Plain): Plain {
  return sorted(
    Object.entries<Plain>(parameters).map(([key, { parameterChoice }]) => [
      key,
      choices[parameterChoice.case] ?? 'unset',
      parameterChoice.value,
    ]),
  );
}

function sorted(entries: readonly Plain[]): readonly Plain[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The typed lists of contents, what is unknown left out. */
function lists(message: Plain): Plain {
  const { $unknown: _, ...known } = message;
  return { ...known, bytesContents: known.bytesContents.map((bytes: Uint8Array) => [...wholeBytes(bytes)]) };
}

test('fields in any order, repeated, split, packed or not, among unknown ones, are read alike', () => {
  fc.assert(
    fc.property(requestPieces, (pieces) => {
      const bytes = Buffer.concat(pieces);
      assert.deepEqual(ours(decodeInferRequest(bytes)), theirs(fromBinary(requestSchema, bytes)));
    }),
    { numRuns: 2000 },
  );
});

test('a message cut between two fields means what came before the cut; cut elsewhere it is refused', () => {
  fc.assert(
    fc.property(requestPieces, (pieces) => {
      const bytes = Buffer.concat(pieces);
      let border = 0;
      let whole = 0;
      for (let cut = 0; cut <= bytes.byteLength; cut++) {
        if (cut === border) {
          const meaning = ours(decodeInferRequest(Buffer.concat(pieces.slice(0, whole))));
          assert.deepEqual(ours(decodeInferRequest(bytes.subarray(0, cut))), meaning);
          border += pieces[whole++]?.byteLength ?? 0;
        } else {
          assert.throws(() => decodeInferRequest(bytes.subarray(0, cut)), MalformedMessage, `cut at ${cut}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('bytes of any kind are read or refused, and nothing else', () => {
  const mangled = fc.tuple(
    request,
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
  );
  const read = (bytes: Buffer): void => {
    try {
      for (const { contents } of decodeInferRequest(bytes).inputs) {
        if (contents !== undefined) readContents(contents, 'FP32');
      }
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => read(Buffer.from(bytes))),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(mangled, ([plain, changes]) => {
      const bytes = encode(inferRequest, plain);
      for (const [at, value] of changes) if (bytes.byteLength > 0) bytes[at % bytes.byteLength] = value;
      read(bytes);
    }),
    { numRuns: 2000 },
  );
});

test('a value of a map that comes in pieces is merged, and the last member of its oneof counts', () => {
  const value = (plain: Plain): Buffer => delimited(2, encode(inferParameter, plain));
  const entry = delimited(
    4,
    Buffer.concat([
      value({ int64_param: '7' }),
      delimited(1, Buffer.from('key')),
      value({ bool_param: true }),
    ]),
  );
  const { parameters } = decodeInferRequest(Buffer.concat([entry]));
  assert.deepEqual([...parameters], [['key', { kind: 'bool_param', value: true }]]);
  const none = decodeInferRequest(delimited(4, Buffer.concat([value({ int64_param: '7' }), value({})])));
  assert.deepEqual([...none.parameters], [['', { kind: 'int64_param', value: 7n }]]);
});

test('unknown fields change nothing', () => {
  fc.assert(
    fc.property(request, (plain) => {
      const bytes = encode(inferRequest, plain);
      const message = fromBinary(requestSchema, bytes);
      const unknown = delimited(1000, Buffer.from('from the future'));
      const between = Buffer.concat([unknown, Buffer.from(toBinary(requestSchema, message)), unknown]);
      assert.deepEqual(ours(decodeInferRequest(between)), ours(decodeInferRequest(bytes)));
    }),
  );
});

for (const [title, hex] of Object.entries({
  'a field number 0': '00',
  'a varint of eleven bytes': '2080808080808080808080800100',
  'a group that ends with another number': 'a306ac06',
  'a group that does not end': 'a306',
  'an end without a group': 'a406',
  'a wire type that does not exist': 'a606',
  'a string that is not UTF-8': '0a02c328',
  'a length beyond the end': '0a05616263',
  'a length of more than 32 bits': '0affffffffff01',
  'an input that is longer than its message': '2a040a03616263',
})) {
  test(`${title} is refused`, () => {
    assert.throws(() => decodeInferRequest(Buffer.from(hex, 'hex')), MalformedMessage);
  });
}

test('groups nested ever more deeply are refused without end of the stack', () => {
  const deep = Buffer.from('a306'.repeat(100_000), 'hex');
  assert.throws(() => decodeInferRequest(deep), MalformedMessage);
});

/** A short length-delimited field. */
function delimited(field: number, bytes: Buffer): Buffer {
  const tag = (field << 3) | 2;
  const head = tag < 0x80 ? [tag] : [(tag & 0x7f) | 0x80, tag >> 7];
  return Buffer.concat([Buffer.from([...head, bytes.byteLength]), bytes]);
}
