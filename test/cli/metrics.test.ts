import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { TestClient } from '../support/client.js';
import { serve } from '../support/command.js';
import { pick, readPage } from '../support/metrics-page.js';
import { withModels } from '../support/model-links.js';
import { slowAloneRequest } from '../support/row-requests.js';
import { testModels } from '../support/server.js';

const good = path.join(testModels, 'identity_fp32');
const slow = path.join(testModels, 'slow');

test('a server tells where its metrics are, and serves none when it shall not', async () => {
  await withModels([good], async (repository) => {
    const command = serve(`--model-repository=${repository}`);
    const port = await command.port('Metrics Service');
    await command.said(new RegExp(`metrics on 127\\.0\\.0\\.1:${port}/metrics`));
    const page = await readPage(port);
    assert.equal(page.values.get('nv_inference_count{model="identity_fp32",version="1"}'), 0);
    assert.ok(page.values.has('nv_cpu_utilization'));
    assert.deepEqual(pick(page, 'nv_gpu_'), {});
    assert.equal((await command.stop()).code, 0);
    const without = serve(`--model-repository=${repository}`, '--allow-metrics=false');
    await without.said(/Ctrl-C/);
    const { code, out } = await without.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(out, /[Mm]etrics/);
  });
});

test('a taken port of metrics ends the start with 1 and says how to take another', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  await withModels([good], async (repository) => {
    const ended = await serve(`--model-repository=${repository}`, `--metrics-port=${port}`).ended;
    assert.equal(ended.code, 1);
    assert.match(
      ended.err,
      new RegExp(
        `"failed to start Metrics service: Unavailable - Socket '127\\.0\\.0\\.1:${port}' already in use "`,
      ),
    );
    assert.match(ended.err, /choose another one with --metrics-port/);
  });
  await new Promise((resolve) => taken.close(resolve));
});

test('while a server leaves its metrics are served to the end', async () => {
  await withModels([slow], async (repository) => {
    const command = serve(`--model-repository=${repository}`);
    const client = new TestClient(await command.port());
    const metricsPort = await command.port('Metrics Service');
    await command.said(/Ctrl-C/);
    const call = client.infer(slowAloneRequest('slow', 150_000));
    const running = 'nereid_requests_running{model="slow",version="1"}';
    while ((await readPage(metricsPort)).values.get(running) === 0);
    command.signal('SIGTERM');
    await command.said(/Signal \(15\) received/);
    assert.equal((await readPage(metricsPort)).values.get(running), 1);
    assert.equal((await call).kind, 'ok');
    assert.equal((await command.ended).code, 0);
    client.close();
    await assert.rejects(fetch(`http://127.0.0.1:${metricsPort}/metrics`));
  });
});
