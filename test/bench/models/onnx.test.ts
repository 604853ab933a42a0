import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { addSub, mlp } from '../../../bench/models/networks.js';
import { encodeModel, externalName, type Graph } from '../../../bench/models/onnx.js';
import { valuesFor } from '../../../bench/models/request.js';

/** The outputs of a graph that went through its file. */
async function run(
  graph: Graph,
  feeds: Record<string, Tensor>,
  { external }: { external: boolean },
): Promise<InferenceSession.ReturnType> {
  const folder = await mkdtemp(path.join(tmpdir(), 'nereid-test-'));
  try {
    const files = encodeModel(graph, { external });
    await writeFile(path.join(folder, 'model.onnx'), files.model);
    if (files.external !== undefined) await writeFile(path.join(folder, externalName), files.external);
    const session = await InferenceSession.create(path.join(folder, 'model.onnx'), { logSeverityLevel: 4 });
    const results = await session.run(feeds);
    await session.release();
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('encodeModel', () => {
  it('writes a graph that ONNX Runtime runs', async () => {
    const ones = new Tensor('int32', new Int32Array(32).fill(1), [2, 16]);
    const threes = new Tensor('int32', new Int32Array(32).fill(3), [2, 16]);
    const { OUTPUT0, OUTPUT1 } = await run(addSub(), { INPUT0: ones, INPUT1: threes }, { external: false });
    assert.deepEqual(OUTPUT0!.data, new Int32Array(32).fill(4));
    assert.deepEqual(OUTPUT1!.data, new Int32Array(32).fill(-2));
    assert.deepEqual(OUTPUT0!.dims, [2, 16]);
  });

  it('writes the same weights each time, inside the file and beside it', async () => {
    const feeds = { INPUT0: new Tensor('float32', valuesFor('FP32', 64), [1, 64]) };
    const inside = await run(mlp([64, 64, 10]), feeds, { external: false });
    const beside = await run(mlp([64, 64, 10]), feeds, { external: true });
    assert.deepEqual(beside['OUTPUT0']!.data, inside['OUTPUT0']!.data);
    assert.ok((inside['OUTPUT0']!.data as Float32Array).some((value) => Math.abs(value) > 0.01));
  });
});
