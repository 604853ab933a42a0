import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { AnyMessage } from '../../support/client.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';
import { withObjects, type SharedObject } from '../../support/shared-object.js';

let server: TestServer;

before(async () => {
  server = await startServer({
    repository: testModels,
    repositoryOptions: { control: 'explicit', startup: ['identity_fp32'] },
    regions: { enabled: true },
  });
});

afterEach(() => server.server.regions.unregister(''));

after(() => server.close());

function place(region: string, byteSize?: number, offset?: number): object {
  return {
    shared_memory_region: region,
    ...(byteSize === undefined ? {} : { shared_memory_byte_size: byteSize }),
    ...(offset === undefined ? {} : { shared_memory_offset: offset }),
  };
}

async function infer(input: object, output?: object): Promise<{ status: number; body: AnyMessage }> {
  const inputs = [{ name: 'INPUT0', datatype: 'FP32', shape: [1, 2], parameters: input }];
  const outputs = output === undefined ? {} : { outputs: [{ name: 'OUTPUT0', parameters: output }] };
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/v2/models/identity_fp32/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs, ...outputs }),
  });
  return { status: response.status, body: await response.json() };
}

const numbers = new Uint8Array(Float32Array.of(1.5, -2, 0, 0).buffer);

function register({ key }: SharedObject): void {
  server.server.regions.register({ name: 'r', key, offset: 0n, byteSize: 16n });
}

/** No request holds the region: it goes at once. */
function free(): boolean {
  server.server.regions.unregister('r');
  return server.server.regions.status('').length === 0;
}

test('an input is taken from shared memory, and an output put there has neither data nor a size', () =>
  withObjects([numbers], async (object) => {
    register(object);
    assert.deepEqual((await infer(place('r', 8))).body.outputs, [
      { name: 'OUTPUT0', datatype: 'FP32', shape: [1, 2], data: [1.5, -2] },
    ]);
    const { body } = await infer(place('r', 8), place('r', 8, 8));
    assert.deepEqual(body.outputs, [{ name: 'OUTPUT0', datatype: 'FP32', shape: [1, 2] }]);
    assert.deepEqual(object.read(8, 8), Buffer.from(numbers.subarray(0, 8)));
    assert.ok(free());
  }));

const refused: readonly (readonly [
  what: string,
  input: object,
  output: object,
  status: number,
  error: RegExp,
])[] = [
  ['an unknown region', place('x', 8), place('r', 8), 404, /^Unable to find shared memory region: 'x'$/],
  [
    'an unknown region of an output',
    place('r', 8),
    place('x', 8),
    404,
    /^Unable to find shared memory region: 'x'$/,
  ],
  [
    'no size, which is 0',
    place('r'),
    place('r', 8),
    400,
    /byte size mismatch for input 'INPUT0' .* Expected 8, got 0$/,
  ],
  [
    'an input outside',
    place('r', 8, 9),
    place('r', 8),
    400,
    /^Invalid offset \+ byte size for shared memory region: 'r'$/,
  ],
  [
    'an output outside',
    place('r', 8),
    place('r', 8, 16),
    400,
    /^Invalid offset for shared memory region: 'r'$/,
  ],
  [
    'an output that does not fit',
    place('r', 8),
    place('r', 7),
    500,
    /^shared memory size specified with the request for output 'OUTPUT0' \(7 bytes\) should be at least 8 bytes/,
  ],
];

for (const [what, input, output, status, error] of refused) {
  test(`${what} is refused, and the region is free again`, () =>
    withObjects([numbers], async (object) => {
      register(object);
      const said = await infer(input, output);
      assert.equal(said.status, status);
      assert.match(said.body.error, error);
      assert.ok(free());
      assert.equal(server.lentSlots, 0);
    }));
}
