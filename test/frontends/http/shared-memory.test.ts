import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startServer, testModels, type TestServer } from '../../support/server.js';
import { withObjects } from '../../support/shared-object.js';

let server: TestServer;
let other: TestServer;

before(async () => {
  const setup = { repository: testModels, repositoryOptions: { control: 'explicit', startup: [] } } as const;
  server = await startServer({ ...setup, regions: { enabled: true } });
  other = await startServer(setup);
});

afterEach(() => server.server.regions.unregister(''));

after(async () => {
  await server.close();
  await other.close();
});

interface Said {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function ask(path: string, body?: string | object, port = server.httpPort): Promise<Said> {
  const response = await fetch(`http://127.0.0.1:${port}/v2/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
}

function failure(status: number, error: string): Said {
  return { status, type: 'application/json', body: JSON.stringify({ error }) };
}

const done: Said = { status: 200, type: null, body: '' };
const json = (body: string): Said => ({ status: 200, type: 'application/json', body });

test('what is registered is told until it is unregistered', () =>
  withObjects([4096], async ({ key }) => {
    assert.deepEqual(await ask('systemsharedmemory/region/a/register', { key, byte_size: 64 }), done);
    assert.deepEqual(
      await ask('systemsharedmemory/region/b/register', { key, offset: 3, byte_size: 4093 }),
      done,
    );
    const a = `{"name":"a","key":"${key}","offset":0,"byte_size":64}`;
    const b = `{"name":"b","key":"${key}","offset":3,"byte_size":4093}`;
    assert.deepEqual(await ask('systemsharedmemory/status'), json(`[${a},${b}]`));
    assert.deepEqual(await ask('systemsharedmemory/region/b/status'), json(`[${b}]`));
    assert.deepEqual(await ask('systemsharedmemory/region/a/unregister', ''), done);
    assert.deepEqual(await ask('systemsharedmemory/region/a/unregister', ''), done);
    assert.deepEqual(
      await ask('systemsharedmemory/region/a/status'),
      failure(404, "Unable to find system shared memory region: 'a'"),
    );
    assert.deepEqual(await ask('systemsharedmemory/unregister', ''), done);
    assert.deepEqual(await ask('systemsharedmemory/status'), json('[]'));
  }));

const text = 'attempt to access JSON non-string as string';
const number = 'attempt to access JSON non-unsigned-integer as unsigned-integer';

const refused: readonly (readonly [body: string, status: number, error: string | RegExp])[] = [
  ['', 500, /^failed to parse the request JSON buffer: /],
  ['{', 500, /^failed to parse the request JSON buffer: /],
  ['[]', 500, 'attempt to access JSON non-object as object'],
  ['null', 500, 'attempt to access JSON non-object as object'],
  ['{}', 400, "Shared memory register request has no 'key' field"],
  ['{"key":1,"byte_size":1}', 500, text],
  ['{"key":"k"}', 400, "Shared memory register request has no 'byte_size' field"],
  ['{"key":"k","byte_size":"1"}', 500, number],
  ['{"key":"k","byte_size":-1}', 500, number],
  ['{"key":"k","byte_size":1.5}', 500, number],
  ['{"key":"k","byte_size":18446744073709560000}', 500, number],
  ['{"key":"k","offset":null,"byte_size":1}', 500, number],
  ['{"key":"","byte_size":1}', 400, "cannot register shared memory region 'r' - invalid shm key ''"],
  ['{"key":"nobody","byte_size":1}', 500, "Unable to open shared memory region: 'nobody'"],
  [`{"key":"${'k'.repeat(70_000)}"}`, 400, /^request body exceeds/],
];

for (const [body, status, error] of refused) {
  test(`${body.slice(0, 50) || 'nothing'} registers nothing`, async () => {
    const said = await ask('systemsharedmemory/region/r/register', body);
    const got = JSON.parse(said.body).error;
    assert.equal(said.status, status);
    if (typeof error === 'string') assert.equal(got, error);
    else assert.match(got, error);
  });
}

test('a name that is in use and a region outside of its object are refused', () =>
  withObjects([64], async ({ key }) => {
    const register = 'systemsharedmemory/region/r/register';
    assert.deepEqual(
      await ask(register, { key, byte_size: 65 }),
      failure(400, "failed to register shared memory region 'r': invalid args"),
    );
    await ask(register, { key, byte_size: 64 });
    assert.deepEqual(
      await ask(register, { key, byte_size: 64 }),
      failure(400, "shared memory region 'r' already in manager"),
    );
    assert.deepEqual(
      await ask('cudasharedmemory/region/r/status'),
      failure(404, "The region named 'r' is registered as system shared memory, not CUDA shared memory"),
    );
  }));

test('memory of GPUs is refused', async () => {
  const body = { raw_handle: { b64: 'AAAA' }, device_id: 0, byte_size: 64 };
  assert.deepEqual(
    await ask('cudasharedmemory/region/g/register', body),
    failure(400, "failed to register CUDA shared memory region: 'g', GPUs not supported"),
  );
  assert.deepEqual(await ask('cudasharedmemory/status'), json('[]'));
  assert.deepEqual(
    await ask('cudasharedmemory/region/g/status'),
    failure(404, "Unable to find cuda shared memory region: 'g'"),
  );
  assert.deepEqual(await ask('cudasharedmemory/unregister', ''), done);
});

test('while it is off nothing is registered, and nothing known', async () => {
  const off = failure(
    501,
    "Client shared memory is disabled. Start the server with '--allow-client-shm=true' to enable.",
  );
  for (const kind of ['systemsharedmemory', 'cudasharedmemory']) {
    assert.deepEqual(await ask(`${kind}/region/r/register`, '{}', other.httpPort), off);
    assert.deepEqual(await ask(`${kind}/region/r/unregister`, '', other.httpPort), off);
    assert.deepEqual(await ask(`${kind}/unregister`, '', other.httpPort), off);
    assert.deepEqual(await ask(`${kind}/status`, undefined, other.httpPort), json('[]'));
    assert.deepEqual(await ask(`${kind}/region/r/status`, undefined, other.httpPort), json('[]'));
  }
});

test('a region is registered by a name, and each verb has its method', async () => {
  assert.equal((await ask('systemsharedmemory/register', '{}')).status, 404);
  assert.equal((await ask('systemsharedmemory/status', '')).status, 405);
  assert.equal((await ask('systemsharedmemory/unregister')).status, 405);
});
