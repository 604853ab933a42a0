import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inferenceService, loadDefinitions } from '../../../src/frontends/grpc/definitions.js';
import { Intake } from '../../../src/frontends/grpc/intake.js';
import { inferenceMethods } from '../../../src/frontends/grpc/service.js';
import { expectOk, inferenceMethod, TestClient } from '../../support/client.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';

let server: TestServer;
let client: TestClient;

before(async () => {
  server = await startServer({ repository: testModels });
  client = new TestClient(server.port);
});

after(async () => {
  client.close();
  await server.close();
});

test('a model answers with its tensors, its version and the id of the request', async () => {
  const response = expectOk(
    await client.infer({
      model_name: 'identity_fp32',
      id: 'mine',
      inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 2] }],
      raw_input_contents: [Buffer.from(new Float32Array([1.5, -2]).buffer)],
    }),
  );
  assert.equal(response.model_name, 'identity_fp32');
  assert.equal(response.model_version, '1');
  assert.equal(response.id, 'mine');
  assert.deepEqual(
    response.outputs.map(({ name, datatype, shape }: never) => ({ name, datatype, shape })),
    [{ name: 'OUTPUT0', datatype: 'FP32', shape: ['1', '2'] }],
  );
  assert.deepEqual(response.raw_output_contents, [Buffer.from(new Float32Array([1.5, -2]).buffer)]);
});

test('the metadata of the server names the release that it copies', async () => {
  const response = expectOk(await client.call(inferenceMethod('ServerMetadata'), {}));
  assert.equal(response.name, 'triton');
  assert.equal(response.version, '2.73.0');
});

test('every method of the service is there', () => {
  const definitions = loadDefinitions();
  const paths = inferenceMethods(server.server, definitions, new Intake()).map(({ path }) => path);
  const names = definitions.methodNames(inferenceService);
  assert.deepEqual(paths.toSorted(), names.map((name) => `/${inferenceService}/${name}`).toSorted());
});

function strings(...texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return Buffer.concat([length, Buffer.from(text)]);
    }),
  );
}

test('a model that answers with more rows than it declares gives each request its own', async () => {
  const numbers = Buffer.from(new Float32Array([1, 2, 3, 4]).buffer);
  const texts = strings('a', 'b', 'cc', '');
  for (let again = 0; again < 12; again++) {
    const response = expectOk(
      await client.infer({
        model_name: 'more_rows',
        inputs: [
          { name: 'INPUT0', datatype: 'FP32', shape: [2, 2] },
          { name: 'INPUT1', datatype: 'BYTES', shape: [2, 2] },
        ],
        raw_input_contents: [numbers, texts],
      }),
    );
    assert.deepEqual(
      response.outputs.map(({ shape }: { shape: string[] }) => shape),
      [
        ['2', '2'],
        ['2', '2'],
      ],
    );
    assert.deepEqual(response.raw_output_contents, [numbers, texts]);
  }
});

test('a NUL inside of a string that a model makes comes out unharmed', async () => {
  const response = expectOk(
    await client.infer({
      model_name: 'strings_nul',
      inputs: [{ name: 'INPUT0', datatype: 'BYTES', shape: [1] }],
      raw_input_contents: [strings('x')],
    }),
  );
  assert.deepEqual(response.raw_output_contents, [strings('a\0b', 'plain'), strings('x')]);
});
