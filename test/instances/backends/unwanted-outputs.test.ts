import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { pruneModel } from '../../../src/instances/backends/onnx-prune.js';
import { readFields } from '../../../src/instances/backends/protobuf-fields.js';
import { floats, openMessage, tensorOf, TestInstance } from '../../support/instance.js';

// models.md 4.6: outputs that are not in the config are never computed.

const read = async (name: string): Promise<Uint8Array> => readFile((await openMessage(name)).modelFile);

test('ONNX Runtime runs every node of a graph, whichever outputs are asked for', async () => {
  const session = await InferenceSession.create(await read('unwanted_output'), { logSeverityLevel: 4 });
  const INPUT0 = new OrtTensor('float32', Float32Array.of(1, 2), [2]);
  await assert.rejects(
    session.run({ INPUT0 }, { OUTPUT0: null }),
    /Gather node.*indices element out of data bounds, idx=18/,
  );
  await session.release();
});

test('what only outputs outside of the config need is not run', async () => {
  const instance = await TestInstance.open('unwanted_output');
  const [answer] = await instance.run([tensorOf('INPUT0', [2], Float32Array.of(1, 2))]);
  assert.deepEqual(floats(answer!), [2, 4]);
  await instance.real.close();
});

/** Names of the outputs and number of the nodes of a model. */
function outline(model: Uint8Array): { outputs: string[]; nodes: number } {
  const graph = [...readFields(model)].find(({ number }) => number === 7)!.body!;
  const fields = [...readFields(graph)];
  const outputs = fields.filter(({ number }) => number === 12).map(({ body }) => [...readFields(body!)][0]!);
  return {
    outputs: outputs.map(({ body }) => Buffer.from(body!).toString()),
    nodes: fields.filter(({ number }) => number === 1).length,
  };
}

test('only the nodes go that no output needs, and branches keep what they read from outside', async () => {
  const model = await read('unwanted_output');
  assert.deepEqual(outline(model), { outputs: ['OUTPUT0', 'failing'], nodes: 6 });
  const pruned = pruneModel(model, new Set(['OUTPUT0']))!;
  assert.deepEqual(outline(pruned), { outputs: ['OUTPUT0'], nodes: 4 });
  assert.deepEqual(outline(pruneModel(model, new Set(['failing']))!), { outputs: ['failing'], nodes: 3 });
});

test('a model whose nodes are all needed stays as it is, and so does one without such an output', async () => {
  assert.equal(pruneModel(await read('add_sub'), new Set(['OUTPUT0', 'OUTPUT1'])), undefined);
  assert.equal(pruneModel(await read('add_sub'), new Set(['OUTPUT0', 'OUTPUT9'])), undefined);
  assert.notEqual(pruneModel(await read('add_sub'), new Set(['OUTPUT1'])), undefined);
});
