import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inferenceMethod, methodOf, TestClient, type AnyMessage, type Outcome } from '../support/client.js';
import { ask, failure } from '../support/rest.js';
import { startServer, testModels, type TestServer } from '../support/server.js';
import { TestStream } from '../support/stream.js';
import { categories, parseRestrictions } from '../../src/server/restrictions.js';

/** Every category asks for a header of its own. */
const texts = categories.map((category) => `${category}:Key-${category}=secret`);
const grpcFlag = { name: 'f', noun: 'protocol', headerPrefix: 'triton-grpc-protocol-' } as const;
const httpFlag = { name: 'f', noun: 'api', headerPrefix: '' } as const;

let server: TestServer;
let client: TestClient;
before(async () => {
  server = await startServer({
    repository: testModels,
    transport: { restrictions: parseRestrictions(texts, grpcFlag) },
    http: { restrictions: parseRestrictions(texts, httpFlag) },
  });
  client = new TestClient(server.port);
});
after(async () => {
  client.close();
  await server.close();
});

const methods: Readonly<Record<string, readonly string[]>> = {
  health: ['ServerLive', 'ServerReady', 'ModelReady', 'grpc.health.v1.Health/Check'],
  metadata: ['ServerMetadata', 'ModelMetadata'],
  inference: ['ModelInfer'],
  'shared-memory': [
    'SystemSharedMemoryStatus',
    'SystemSharedMemoryRegister',
    'SystemSharedMemoryUnregister',
    'CudaSharedMemoryStatus',
    'CudaSharedMemoryRegister',
    'CudaSharedMemoryUnregister',
  ],
  'model-config': ['ModelConfig'],
  'model-repository': ['RepositoryIndex', 'RepositoryModelLoad', 'RepositoryModelUnload'],
  statistics: ['ModelStatistics'],
  trace: ['TraceSetting'],
  logging: ['LogSettings'],
};

function call(name: string, metadata: Record<string, string>): Promise<Outcome> {
  const [service = '', method = ''] = name.split('/');
  const found = method === '' ? inferenceMethod(name) : methodOf(service, method);
  const request: AnyMessage = name.startsWith('Model') ? { name: 'add_sub' } : {};
  return client.call(found, request, { metadata });
}

for (const [category, names] of Object.entries(methods)) {
  test(`methods of ${category} want its key, and no other one`, async () => {
    const key = `triton-grpc-protocol-key-${category}`;
    const expected = {
      kind: 'failed',
      code: 14,
      details: `This protocol is restricted, expecting header 'triton-grpc-protocol-Key-${category}'`,
    };
    const others = Object.keys(methods).filter((one) => one !== category);
    const wrong = Object.fromEntries(others.map((one) => [`triton-grpc-protocol-key-${one}`, 'secret']));
    for (const name of names) {
      assert.deepEqual(await call(name, {}), expected, name);
      assert.deepEqual(await call(name, { ...wrong, [key]: 'Secret' }), expected, name);
      const admitted = await call(name, { [key]: 'secret' });
      assert.ok(admitted.kind === 'ok' || !admitted.details.includes('restricted'), name);
    }
  });
}

test('a stream is refused when it opens', async () => {
  const refused = new TestStream(client, inferenceMethod('ModelStreamInfer'), {});
  assert.equal((await refused.status).code, 14);
  const open = new TestStream(client, inferenceMethod('ModelStreamInfer'), {
    'triton-grpc-protocol-key-inference': 'secret',
  });
  open.call.end();
  assert.equal((await open.status).code, 0);
});

const endpoints: readonly [category: string, method: 'GET' | 'POST', path: string][] = [
  ['health', 'GET', '/v2/health/live'],
  ['health', 'GET', '/v2/health/ready'],
  ['health', 'GET', '/v2/models/add_sub/ready'],
  ['metadata', 'GET', '/v2'],
  ['metadata', 'GET', '/v2/models/add_sub'],
  ['inference', 'POST', '/v2/models/add_sub/generate'],
  ['inference', 'POST', '/v2/models/add_sub/generate_stream'],
  ['model-config', 'GET', '/v2/models/add_sub/config'],
  ['model-repository', 'POST', '/v2/repository/index'],
  ['model-repository', 'POST', '/v2/repository/models/add_sub/load'],
  ['model-repository', 'POST', '/v2/repository/models/add_sub/unload'],
  ['statistics', 'GET', '/v2/models/stats'],
  ['statistics', 'GET', '/v2/models/add_sub/stats'],
  ['logging', 'GET', '/v2/logging'],
];

describe('endpoints of HTTP want the key of their category', () => {
  for (const [category, method, path] of endpoints) {
    test(`${method} ${path}`, async () => {
      const expected = failure(403, `This API is restricted, expecting header 'Key-${category}'`);
      const headers = { [`key-${category}`]: 'secret' };
      assert.deepEqual(await ask(server.httpPort, path, { method }), expected);
      assert.deepEqual(
        await ask(server.httpPort, path, { method, headers: { 'key-trace': 'secret' } }),
        expected,
      );
      // Before the method is looked at, too.
      assert.deepEqual(await ask(server.httpPort, path, { method: 'DELETE' }), expected);
      assert.equal((await ask(server.httpPort, path, { method: 'DELETE', headers })).status, 405);
      assert.notEqual((await ask(server.httpPort, path, { method, headers })).status, 403);
    });
  }
});
