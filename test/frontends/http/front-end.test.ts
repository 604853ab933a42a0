import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'node:http';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
before(async () => {
  server = await startServer({ repository: testModels });
});
after(() => server.close());

interface Said {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function ask(path: string, method = 'GET'): Promise<Said> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, { method });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

function failure(status: number, error: string): Said {
  return { status, type: 'application/json', body: JSON.stringify({ error }) };
}

test('health is told by the status alone', async () => {
  for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/models/identity_fp32/ready']) {
    assert.deepEqual(await ask(path), { status: 200, type: null, body: '' });
  }
  assert.deepEqual(
    await ask('/v2/models/identity_fp32/versions/9/ready'),
    failure(400, 'Model version not ready'),
  );
});

test('the server and its models are described as by gRPC', async () => {
  const about = await ask('/v2');
  assert.equal(about.type, 'application/json');
  assert.deepEqual(JSON.parse(about.body), server.server.metadata);
  assert.deepEqual(
    (await ask('/v2/models/identity_fp32')).body,
    JSON.stringify(server.server.modelMetadata('identity_fp32', '')),
  );
  const config = JSON.parse((await ask('/v2/models/identity_fp32/versions/1/config')).body);
  assert.equal(config.name, 'identity_fp32');
  assert.equal(config.input[0].data_type, 'TYPE_FP32');
});

test('a model that is unknown is not found', async () => {
  const expected = failure(404, "Request for unknown model: 'nobody' is not found");
  assert.deepEqual(await ask('/v2/models/nobody'), expected);
  assert.deepEqual(await ask('/v2/models/nobody/config'), expected);
});

test('a path that is unknown and a method that does not fit are told apart', async () => {
  assert.deepEqual(await ask('/v2/nothing'), failure(404, 'Not Found'));
  assert.deepEqual(await ask('/v2/nothing', 'POST'), failure(404, 'Not Found'));
  assert.deepEqual(await ask('/v2', 'POST'), failure(405, 'Method Not Allowed'));
  assert.deepEqual(await ask('/v2/health/live', 'DELETE'), failure(405, 'Method Not Allowed'));
});

test('a front end that drains closes connections without a request, and takes none', async () => {
  const own = await startServer({ repository: testModels });
  try {
    const url = `http://127.0.0.1:${own.httpPort}/v2/health/live`;
    const connection = await new Promise<string | undefined>((resolve, reject) => {
      const asked = request(url, { headers: { connection: 'keep-alive' } }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.headers.connection));
      });
      asked.once('error', reject);
      asked.end();
    });
    assert.equal(connection, 'keep-alive');
    await own.httpFrontEnd.drain();
    await assert.rejects(fetch(url));
  } finally {
    await own.close();
  }
});
