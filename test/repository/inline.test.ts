import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { expectOk, inferenceMethod, TestClient } from '../support/client.js';
import { startServer, testModels, withFolder, type TestServer } from '../support/server.js';

const inline = 'parameters { key: "nereid.instances" value { string_value: "inline" } }';

/** A server of one model of the test repository whose config is changed and runs on the event loop. */
async function withInline(
  name: string,
  use: (server: TestServer, client: TestClient) => Promise<void> | void,
  change: (config: string) => string = (config) => config,
): Promise<void> {
  await withFolder(async (repository) => {
    const folder = path.join(repository, name);
    await cp(path.join(testModels, name), folder, { recursive: true });
    const file = path.join(folder, 'config.pbtxt');
    await writeFile(file, `${change(await readFile(file, 'utf8'))}\n${inline}`);
    const server = await startServer({ repository });
    const client = new TestClient(server.port);
    try {
      await use(server, client);
    } finally {
      client.close();
      await server.close();
    }
  });
}

function logged(server: TestServer, pattern: RegExp): number {
  return server.lines.filter((line) => pattern.test(line)).length;
}

async function infer(client: TestClient, request: object): Promise<Buffer> {
  const outcome = await client.call(inferenceMethod('ModelInfer'), request);
  return Buffer.concat(expectOk(outcome).raw_output_contents);
}

const addSub = {
  model_name: 'add_sub',
  inputs: ['INPUT0', 'INPUT1'].map((name) => ({ name, datatype: 'FP32', shape: [1, 4] })),
  raw_input_contents: [
    Buffer.from(Float32Array.of(5, 6, 7, 8).buffer),
    Buffer.from(Float32Array.of(1, 2, 3, 4).buffer),
  ],
};

test('a short model serves on the event loop, and the log says how long a batch takes', async () => {
  await withInline('add_sub', async (server, client) => {
    assert.equal(server.complete, true);
    const answers = await Promise.all(Array.from({ length: 50 }, () => infer(client, addSub)));
    const expected = Buffer.from(Float32Array.of(6, 8, 10, 12, 4, 4, 4, 4).buffer);
    for (const answer of answers) assert.deepEqual(answer, expected);
    assert.equal(server.lentSlots, 0);
    assert.equal(
      logged(
        server,
        /'add_sub' version 1 runs on the event loop; opening it took \d+ (?:µs|ms), and a batch of 8 takes \d+ µs"/,
      ),
      1,
    );
    assert.equal(logged(server, /"add_sub +1 +1 +1 +1"/), 1);
  });
});

test('a model whose largest batch takes too long is refused with the figure and what to change', async () => {
  const large = (config: string): string => config.replace(/max_batch_size: \d+/, 'max_batch_size: 4000000');
  await withInline(
    'identity_fp32',
    async (server) => {
      assert.equal(server.complete, false);
      assert.match(
        (await server.server.index('', false))[0]?.reason ?? '',
        /^Unsupported: model 'identity_fp32' version 1 cannot run on the event loop: a batch of 4000000 takes \d+ (µs|ms), more than 100 µs\. To mend it: remove its parameter 'nereid\.instances'$/,
      );
    },
    large,
  );
});

test('a model that takes strings is not measured, which the log says', async () => {
  await withInline('identity_bytes', async (server) => {
    assert.equal(server.complete, true);
    assert.equal(logged(server, /^W.*How long its runs take is not known beforehand: it takes strings"/), 1);
  });
});

test('a model that is wrong is refused as in a thread', async () => {
  const wrong = (config: string): string => config.replace('"OUTPUT1"', '"OUTPUT9"');
  await withInline(
    'add_sub',
    async (server) =>
      assert.match(
        (await server.server.index('', false))[0]?.reason ?? '',
        /unexpected inference output 'OUTPUT9', allowed outputs are: OUTPUT0, OUTPUT1/,
      ),
    wrong,
  );
});

function slowRequest(iterations: number): object {
  return {
    model_name: 'slow',
    inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1] }],
    raw_input_contents: [Buffer.from(BigInt64Array.of(BigInt(iterations)).buffer)],
  };
}

test('a model whose runs turn out to be long moves to a thread, and no request notices', async () => {
  await withInline('slow', async (server, client) => {
    assert.equal(server.complete, true);
    const ask = async (count: number): Promise<void> => {
      const counts = Array.from({ length: count }, (_, at) => 10_000 + at);
      const answers = await Promise.all(counts.map((iterations) => infer(client, slowRequest(iterations))));
      assert.deepEqual(
        answers.map((answer) => Number(answer.readBigInt64LE())),
        counts,
      );
    };
    await ask(6);
    const moved =
      /^W.*'slow' version 1 holds the event loop for too long: \d+ of its latest \d+ runs took more than 100 µs, the longest \d+ ms\. It moves to a thread\. To mend it: remove its parameter 'nereid\.instances'"/;
    assert.equal(logged(server, moved), 1);
    await ask(6);
    assert.equal(logged(server, moved), 1);
    assert.equal(logged(server, /could not start/), 0);
    assert.equal(server.lentSlots, 0);
  });
});
