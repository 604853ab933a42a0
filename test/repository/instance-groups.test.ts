import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { expectOk, inferenceMethod, TestClient } from '../support/client.js';
import { startServer, testModels, withFolder, type ServerSetup, type TestServer } from '../support/server.js';

const tensors =
  'input { name: "INPUT0" data_type: TYPE_FP32 dims: -1 } output { name: "OUTPUT0" data_type: TYPE_FP32 dims: -1 }';

/** A server of one identity model whose config ends with these lines. */
async function withModel(
  settings: string,
  use: (server: TestServer) => Promise<void> | void,
  repositoryOptions: ServerSetup['repositoryOptions'] = {},
): Promise<void> {
  await withFolder(async (repository) => {
    const folder = path.join(repository, 'identity');
    await cp(path.join(testModels, 'identity_fp32'), folder, { recursive: true });
    await writeFile(
      path.join(folder, 'config.pbtxt'),
      `backend: "onnxruntime" max_batch_size: 8 ${tensors} ${settings}`,
    );
    const server = await startServer({ repository, repositoryOptions });
    try {
      await use(server);
    } finally {
      await server.close();
    }
  });
}

async function answers(server: TestServer): Promise<boolean> {
  const client = new TestClient(server.port);
  try {
    const outcome = await client.call(inferenceMethod('ModelInfer'), {
      model_name: 'identity',
      inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 2] }],
      raw_input_contents: [Buffer.from(new Float32Array([1, 2]).buffer)],
    });
    return expectOk(outcome).raw_output_contents.length === 1;
  } finally {
    client.close();
  }
}

function logged(server: TestServer, pattern: RegExp): number {
  return server.lines.filter((line) => pattern.test(line)).length;
}

test('a passive group gets no thread, and the others answer', async () => {
  const groups =
    'instance_group [ { name: "on" kind: KIND_CPU count: 1 }, { name: "off" kind: KIND_CPU count: 7 passive: true } ]';
  await withModel(groups, async (server) => {
    assert.equal(server.complete, true);
    assert.equal(await answers(server), true);
    assert.equal(logged(server, /"identity +1 +1 +2 +2"/), 1);
    assert.equal(
      logged(server, /'identity': instance group 'off' is passive: it gets no thread and no requests/),
      1,
    );
  });
});

test('a model whose groups are all passive is refused with what to change', async () => {
  await withModel('instance_group { passive: true }', async (server) => {
    assert.equal(server.complete, false);
    assert.match(
      (await server.server.index('', false))[0]?.reason ?? '',
      /every instance group of model identity is passive: no instance would run its requests \(in instance_group, line \d+, column \d+\)\. To mend it: remove passive: true/,
    );
  });
});

test('fields of a group that do nothing here are named in one line', async () => {
  const group =
    'instance_group { kind: KIND_CPU count: 1 host_policy: "node0" secondary_devices { device_id: 1 } rate_limiter { priority: 2 } }';
  await withModel(group, async (server) => {
    assert.equal(await answers(server), true);
    assert.equal(
      logged(
        server,
        /accepted and without effect here: instance_group\.secondary_devices, instance_group\.host_policy, instance_group\.rate_limiter"/,
      ),
      1,
    );
  });
});

test('the log shows the threads of every group once, and warns when there are more than cores', async () => {
  const settings =
    'instance_group [ { name: "fast" kind: KIND_CPU count: 2 }, { name: "wide" kind: KIND_CPU count: 1 } ] ' +
    'parameters { key: "nereid.intra_op_thread_count.wide" value { string_value: "4" } }';
  await withModel(
    settings,
    async (server) => {
      assert.equal(await answers(server), true);
      assert.equal(logged(server, /"model +version +instances +intra-op threads +total"/), 1);
      assert.equal(logged(server, /"identity +1 +2 +1 +2"/), 1);
      assert.equal(logged(server, /"identity +1 +1 +4 +4"/), 1);
      assert.equal(logged(server, /^W.*"6 intra-op threads on 5 cores: .*'identity' alone has 6/), 1);
    },
    { coreCount: 5 },
  );
});

test('an unknown group in a parameter fails the load with the group that was meant', async () => {
  const settings =
    'instance_group { name: "fast" kind: KIND_CPU count: 1 } ' +
    'parameters { key: "nereid.intra_op_thread_count.fsat" value { string_value: "4" } }';
  await withModel(settings, async (server) => {
    assert.equal(server.complete, false);
    assert.match(
      (await server.server.index('', false))[0]?.reason ?? '',
      /'fsat' \(in .*\)\. To mend it: did you mean 'fast'\?/,
    );
  });
});
