import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readDeclaredGraph } from '../../../src/instances/backends/declared-graph.js';
import { encodeOnnx, type OnnxGraph } from '../../support/onnx-model.js';
import { withFolder } from '../../support/server.js';

const graph: OnnxGraph = {
  inputs: [{ name: 'x', shape: ['n', 3, null], type: 'INT64' }, { name: 'bias', shape: [] }, { name: 'any' }],
  outputs: [{ name: 'list', shape: [2], sequence: true }],
  nodes: [{ op: 'Add', inputs: ['x', 'bias'], outputs: ['y'], integers: { axis: 1 } }],
  constants: [
    { name: 'bias', dims: [], values: [1] },
    // More than one window of the reader.
    { name: 'large', dims: [50_000], values: Array.from({ length: 50_000 }, (_, i) => i) },
  ],
};

test('a file tells its inputs, outputs and overridable initializers', () =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'model.onnx');
    writeFileSync(file, encodeOnnx(graph));
    assert.deepEqual(readDeclaredGraph(file), {
      inputs: [
        { name: 'x', onnxType: 'ONNX_TYPE_TENSOR', elementType: 7, shape: [-1, 3, -1] },
        { name: 'bias', onnxType: 'ONNX_TYPE_TENSOR', elementType: 1, shape: [] },
        { name: 'any', onnxType: 'ONNX_TYPE_TENSOR', elementType: 1, shape: undefined },
      ],
      outputs: [{ name: 'list', onnxType: 'ONNX_TYPE_SEQUENCE', elementType: 0, shape: undefined }],
      overridable: new Set(['bias']),
    });
  }));

test('a damaged file is read or given up, and never fails', () =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'model.onnx');
    const whole = encodeOnnx({ ...graph, constants: graph.constants?.slice(0, 1) ?? [] });
    const change = fc.record({ at: fc.nat(whole.byteLength - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(whole.byteLength), (changes, length) => {
        const bytes = Uint8Array.from(whole.subarray(0, length));
        for (const { at, value } of changes) if (at < length) bytes[at] = value;
        writeFileSync(file, bytes);
        const read = readDeclaredGraph(file);
        assert.ok(read === undefined || Array.isArray(read.inputs));
      }),
      { numRuns: 400, seed: 6 },
    );
  }));
