import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { MetricsFrontEnd } from '../../../src/frontends/http/metrics.js';
import { parsePage, readPage } from '../../support/metrics-page.js';
import { plainMetrics, startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
before(async () => {
  server = await startServer({ repository: testModels, metrics: { cpu: true } });
});
after(() => server.close());

interface Said {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function ask(path: string, method = 'GET'): Promise<Said> {
  const response = await fetch(`http://127.0.0.1:${server.metricsPort}${path}`, { method });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

test('the page is text, with and without a slash at its end', async () => {
  for (const path of ['/metrics', '/metrics/', '/metrics?name=x']) {
    const { status, type, body } = await ask(path);
    assert.deepEqual([status, type], [200, 'text/plain; charset=utf-8']);
    assert.ok(parsePage(body).values.size > 1000);
  }
});

test('other methods are not allowed', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD'])
    assert.equal((await ask('/metrics', method)).status, 405);
});

test('other paths are answered with nothing, as in Triton', async () => {
  for (const path of ['/', '/v2/health/live', '/metrics/x', '/Metrics']) {
    assert.deepEqual(await ask(path), { status: 200, type: null, body: '' });
    assert.equal((await ask(path, 'POST')).status, 200);
  }
});

test('every family has the type and the unit that its name says', async () => {
  const { types } = await readPage(server.metricsPort);
  for (const [name, type] of types) {
    if (!name.startsWith('nereid_')) continue;
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /_(us|ms|ns|kb|mb|secs|percent)(_|$)/);
  }
  assert.ok(types.size > 40);
});

test('a page that cannot be made is an error, and the port goes on', async () => {
  const broken = new MetricsFrontEnd(
    { contentType: 'text/plain', read: () => Promise.reject(new Error('no')) },
    plainMetrics.listener,
  );
  const port = await broken.listen();
  const url = `http://127.0.0.1:${port}/metrics`;
  for (let time = 0; time < 2; time++) {
    const response = await fetch(url);
    assert.equal(response.status, 500);
    assert.match(await response.text(), /the metrics could not be read: no/);
  }
  broken.close();
});

test('a client that goes away in the middle harms nobody', async () => {
  await new Promise<void>((resolve) => {
    const asked = request({ host: '127.0.0.1', port: server.metricsPort, path: '/metrics' });
    asked.on('error', () => resolve());
    asked.on('socket', (socket) => socket.once('connect', () => setImmediate(() => asked.destroy())));
    asked.end();
  });
  assert.equal((await ask('/metrics')).status, 200);
});
