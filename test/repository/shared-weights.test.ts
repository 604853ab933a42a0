import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { expectOk, inferenceMethod, TestClient } from '../support/client.js';
import { root, startServer, withFolder, type TestServer } from '../support/server.js';

const fixtures = path.join(root, 'test/models/fixtures');

function configOf(input: number, output: number, settings: string): string {
  return (
    `backend: "onnxruntime" max_batch_size: 8 input { name: "x" data_type: TYPE_FP32 dims: ${input} } ` +
    `output { name: "y" data_type: TYPE_FP32 dims: ${output} } instance_group { kind: KIND_CPU count: 3 } ${settings}`
  );
}

const share = 'parameters { key: "nereid.share_weights" value { string_value: "true" } }';

async function infer(server: TestServer, model: string): Promise<Buffer | undefined> {
  const client = new TestClient(server.port);
  try {
    const outcome = await client.call(inferenceMethod('ModelInfer'), {
      model_name: model,
      inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 19] }],
      raw_input_contents: [Buffer.from(Float32Array.from({ length: 38 }, Math.cos).buffer)],
    });
    return expectOk(outcome).raw_output_contents[0];
  } finally {
    client.close();
  }
}

test('a model that shares its weights serves, and answers as one that does not', async () => {
  await withFolder(async (repository) => {
    for (const [name, settings] of Object.entries({ shared: share, plain: '' })) {
      const folder = path.join(repository, name);
      await cp(path.join(fixtures, 'odd_weights'), folder, { recursive: true });
      await writeFile(path.join(folder, 'config.pbtxt'), configOf(19, 23, settings));
    }
    const server = await startServer({ repository });
    try {
      assert.equal(server.complete, true);
      const answer = await infer(server, 'shared');
      assert.equal(answer?.byteLength, 2 * 23 * 4);
      assert.deepEqual(answer, await infer(server, 'plain'));
    } finally {
      await server.close();
    }
  });
});

test('a model whose weights cannot be shared is refused with the reason and what to change', async () => {
  await withFolder(async (repository) => {
    const folder = path.join(repository, 'loop');
    await cp(path.join(fixtures, 'loop_weights'), folder, { recursive: true });
    await writeFile(path.join(folder, 'config.pbtxt'), configOf(27, 27, share));
    const server = await startServer({ repository });
    try {
      assert.equal(server.complete, false);
      assert.match(
        (await server.server.index('', false))[0]?.reason ?? '',
        /the weights of model 'loop' cannot be shared: .+ To mend it: remove its parameter 'nereid\.share_weights'/,
      );
    } finally {
      await server.close();
    }
    await writeFile(path.join(folder, 'config.pbtxt'), configOf(27, 27, ''));
    const without = await startServer({ repository });
    await without.close();
    assert.equal(without.complete, true);
  });
});
