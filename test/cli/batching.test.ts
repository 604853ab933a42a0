import assert from 'node:assert/strict';
import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { expectOk, inferenceMethod, TestClient, type AnyMessage } from '../support/client.js';
import { serveWith, type Command } from '../support/command.js';
import { testModels, withFolder } from '../support/server.js';

const tensors = `name: "m" backend: "onnxruntime" max_batch_size: 8
  input { name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] }
  output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 4 ] }`;

/** A `nereid serve` of one model that adds one, with this batching. */
async function withServer(
  setup: { batching: string; env?: Record<string, string>; flags?: readonly string[] },
  use: (command: Command) => Promise<void>,
): Promise<void> {
  const { batching, env = {}, flags = [] } = setup;
  await withFolder(async (root) => {
    await cp(path.join(testModels, 'batching_wanted'), path.join(root, 'm'), { recursive: true });
    await writeFile(path.join(root, 'm', 'config.pbtxt'), `${tensors} dynamic_batching { ${batching} }`);
    await use(serveWith(env, `--model-repository=${root}`, ...flags));
  });
}

function requestOf(number: number): AnyMessage {
  return {
    model_name: 'm',
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 4] }],
    raw_input_contents: [Buffer.from(new Float32Array(4).fill(number).buffer)],
  };
}

/** Sends so many requests at once; each must have its own answer. Returns how many samples each run had. */
async function runsOf(command: Command, count: number): Promise<Record<string, string>> {
  const client = new TestClient(await command.port());
  try {
    const numbers = Array.from({ length: count }, (_, number) => number);
    const outcomes = await Promise.all(numbers.map((number) => client.infer(requestOf(number))));
    for (const [number, outcome] of outcomes.entries()) {
      const [bytes] = expectOk(outcome).raw_output_contents as Buffer[];
      assert.equal(bytes!.readFloatLE(0), number + 1);
    }
    const statistics = await client.call(inferenceMethod('ModelStatistics'), { name: 'm' });
    const [{ batch_stats: batches }] = expectOk(statistics).model_stats;
    return Object.fromEntries(
      batches.map(({ batch_size: size, compute_infer: { count: runs } }: AnyMessage) => [size, runs]),
    );
  } finally {
    client.close();
  }
}

test('with --batch-delay=exact requests that fill a batch run together, long before their delay is over', async () => {
  const batching = 'max_queue_delay_microseconds: 9000000';
  await withServer({ batching, flags: ['--batch-delay=exact'] }, async (command) => {
    assert.deepEqual(await runsOf(command, 8), { 8: '1' });
    assert.equal((await command.stop()).code, 0);
  });
});

test('with --batch-delay=adaptive every request has its own answer, however they are batched', async () => {
  const batching = 'max_queue_delay_microseconds: 1000';
  await withServer({ batching, flags: ['--batch-delay=adaptive'] }, async (command) => {
    const runs = Object.entries(await runsOf(command, 20));
    assert.equal(
      runs.reduce((samples, [size, count]) => samples + Number(size) * Number(count), 0),
      20,
    );
    assert.equal((await command.stop()).code, 0);
  });
});

test('with TRITONSERVER_DELAY_SCHEDULER the first batch is formed when so many requests wait', async () => {
  await withServer({ batching: '', env: { TRITONSERVER_DELAY_SCHEDULER: '5' } }, async (command) => {
    assert.deepEqual(await runsOf(command, 5), { 5: '1' });
    assert.equal((await command.stop()).code, 0);
  });
});

for (const text of ['', 'many', '-1', '1e3', '9999999999']) {
  test(`TRITONSERVER_DELAY_SCHEDULER='${text}' ends the start with 1 and is told`, async () => {
    await withServer({ batching: '', env: { TRITONSERVER_DELAY_SCHEDULER: text } }, async (command) => {
      const { code, err } = await command.ended;
      assert.equal(code, 1);
      assert.match(err, /^TRITONSERVER_DELAY_SCHEDULER: expected a number of requests, got '.*'\n/);
      assert.ok(err.includes(`got '${text}'`));
    });
  });
}
