import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { inferenceMethod, TestClient } from '../support/client.js';
import { run, serve, type Command } from '../support/command.js';
import { openReceiver } from '../support/otlp-receiver.js';
import { sampleModels, withFolder } from '../support/server.js';

async function inferOnce(server: Command): Promise<void> {
  const client = new TestClient(await server.port());
  const outcome = await client.call(inferenceMethod('ModelInfer'), {
    model_name: 'identity_fp32',
    inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 1] }],
    raw_input_contents: [Buffer.from(Float32Array.of(1).buffer)],
  });
  client.close();
  assert.equal(outcome.kind, 'ok');
}

const repository = `--model-repository=${sampleModels}`;

test('traces are in their file when the server has left', () =>
  withFolder(async (folder) => {
    const file = path.join(folder, 'trace.json');
    const server = serve(repository, `--trace-file=${file}`, '--trace-level=TIMESTAMPS', '--trace-rate=1');
    await inferOnce(server);
    assert.equal((await server.stop()).code, 0);
    const parts = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual(parts[0], { id: 1, model_name: 'identity_fp32', model_version: 1 });
  }));

test('spans are sent before the server leaves, however long they would wait otherwise', async () => {
  const receiver = await openReceiver();
  const server = serve(
    repository,
    '--trace-config=mode=opentelemetry',
    '--trace-config=level=TIMESTAMPS',
    '--trace-config=rate=1',
    `--trace-config=opentelemetry,url=${receiver.url}`,
    '--trace-config=opentelemetry,resource=service.name=mine',
    '--trace-config=opentelemetry,bsp_schedule_delay=600000',
  );
  await inferOnce(server);
  assert.equal((await server.stop()).code, 0);
  receiver.close();
  assert.ok(receiver.spans.some(({ name }) => name === 'identity_fp32'));
  assert.equal(receiver.resource['service.name'], 'mine');
});

test('a wrong setting ends the start with what was expected', async () => {
  const { code, err } = await run('serve', repository, '--trace-config=rate=often');
  assert.equal(code, 1);
  assert.match(err, /--trace-config: rate is 'often', expected a whole number/);
});
