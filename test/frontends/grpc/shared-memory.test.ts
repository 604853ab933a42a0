import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { expectOk, inferenceMethod, TestClient, type Outcome } from '../../support/client.js';
import { floats, inRegion, RegionClient, sharedRequest, texts, type Shared } from '../../support/regions.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';
import { withObjects } from '../../support/shared-object.js';
import { TestStream } from '../../support/stream.js';

function expectFailed(outcome: Outcome): Extract<Outcome, { kind: 'failed' }> {
  assert.ok(outcome.kind === 'failed', 'the call went well');
  return outcome;
}

let server: TestServer;
let client: TestClient;
let regions: RegionClient;

before(async () => {
  server = await startServer({ repository: testModels, regions: { enabled: true, countMax: 8 } });
  client = new TestClient(server.port);
  regions = new RegionClient(client);
});

/** What a test that failed leaves behind is not the next one's. */
afterEach(() => server.server.regions.unregister(''));

after(async () => {
  client.close();
  await server.close();
});

test('what is registered is told until it is unregistered', () =>
  withObjects([4096], async (object) => {
    await regions.register('a', object, { byteSize: 100, offset: 3 });
    await regions.register('b', object, { byteSize: 4096 });
    assert.deepEqual(expectOk(await regions.call('SystemSharedMemoryStatus', {})).regions, {
      a: { name: 'a', key: object.key, offset: '3', byte_size: '100' },
      b: { name: 'b', key: object.key, offset: '0', byte_size: '4096' },
    });
    assert.deepEqual(await regions.names('b'), ['b']);
    await regions.unregister('a');
    assert.deepEqual(await regions.names(), ['b']);
    await regions.unregister();
    assert.deepEqual(await regions.names(), []);
    assert.equal(
      expectFailed(await regions.call('SystemSharedMemoryStatus', { name: 'a' })).details,
      "Unable to find system shared memory region: 'a'",
    );
  }));

test('memory of GPUs is refused in the words of a server without any', async () => {
  const handle = { name: 'g', raw_handle: Buffer.alloc(64), device_id: 0, byte_size: 64 };
  assert.deepEqual(expectFailed(await regions.call('CudaSharedMemoryRegister', handle)), {
    kind: 'failed',
    code: 3,
    details: "failed to register CUDA shared memory region: 'g', GPUs not supported",
  });
  assert.deepEqual(expectOk(await regions.call('CudaSharedMemoryStatus', {})).regions, {});
  assert.equal(expectFailed(await regions.call('CudaSharedMemoryStatus', { name: 'g' })).code, 5);
  expectOk(await regions.call('CudaSharedMemoryUnregister', {}));
});

test('metadata names the extension where clients may share memory, and only there', async () => {
  assert.ok(server.server.metadata.extensions.includes('system_shared_memory'));
  const other = await startServer({
    repository: testModels,
    repositoryOptions: { startup: [], control: 'explicit' },
  });
  try {
    assert.ok(!other.server.metadata.extensions.includes('system_shared_memory'));
  } finally {
    await other.close();
  }
});

for (const values of [4, 1000, 200_000]) {
  test(`${values} numbers go from one region through a model into another`, () => {
    const content = Buffer.from(Float32Array.from({ length: values }, (_, index) => index).buffer);
    const bytes = content.byteLength;
    return withObjects([Buffer.concat([Buffer.alloc(12), content]), bytes + 64], async (from, to) => {
      await regions.register('in', from, { byteSize: bytes + 12 });
      await regions.register('out', to, { byteSize: bytes + 60, offset: 4 });
      const shape = [2, values / 2];
      const answer = expectOk(
        await client.infer(
          sharedRequest({ shape, input: inRegion('in', bytes, 12), output: inRegion('out', bytes + 40, 20) }),
        ),
      );
      assert.deepEqual(answer.outputs[0].shape, shape.map(String));
      assert.deepEqual(answer.outputs[0].parameters, {});
      assert.deepEqual(
        answer.raw_output_contents.map((raw: Buffer) => raw.byteLength),
        [0],
      );
      assert.deepEqual(to.read(24, bytes), content);
      assert.deepEqual(to.read(0, 24), Buffer.alloc(24));
      assert.deepEqual(to.read(24 + bytes, 40), Buffer.alloc(40));
      await regions.unregister();
      assert.equal(server.lentSlots, 0);
    });
  });
}

test('inputs of regions and of the message are told apart by their order', () => {
  const width = 4;
  const shape = [1, width];
  const sent = floats(...Array.from({ length: width }, () => 10));
  return withObjects([floats(...Array.from({ length: width }, (_, index) => index))], async (object) => {
    await regions.register('in', object, { byteSize: width * 4 });
    const answer = expectOk(
      await client.infer({
        model_name: 'add_sub',
        inputs: [
          { name: 'INPUT0', datatype: 'FP32', shape, parameters: inRegion('in', width * 4) },
          { name: 'INPUT1', datatype: 'FP32', shape },
        ],
        raw_input_contents: [sent],
      }),
    );
    const sums = new Float32Array(new Uint8Array(answer.raw_output_contents[0]).buffer);
    assert.deepEqual(
      [...sums],
      Array.from({ length: width }, (_, index) => index + 10),
    );
    await regions.unregister();
  });
});

test('texts are read from and written to regions, and an answer may be smaller than its room', () => {
  const content = texts('eins', '', 'drei');
  return withObjects([content, 64], async (from, to) => {
    await regions.register('in', from, { byteSize: content.byteLength });
    await regions.register('out', to, { byteSize: 64 });
    const answer = expectOk(
      await client.infer(
        sharedRequest({
          model: 'identity_bytes',
          datatype: 'BYTES',
          shape: [1, 3],
          input: inRegion('in', content.byteLength),
          output: inRegion('out', 64),
        }),
      ),
    );
    assert.deepEqual(answer.outputs[0].shape, ['1', '3']);
    assert.deepEqual(to.read(0, content.byteLength), content);
    assert.deepEqual(to.read(content.byteLength, 8), Buffer.alloc(8));
    await regions.unregister();
  });
});

test('a tensor without elements needs no bytes, but a place inside of its region', () =>
  withObjects([64], async (object) => {
    await regions.register('r', object, { byteSize: 64 });
    const empty = { shape: [1, 0], input: inRegion('r', 0, 63), output: inRegion('r', 0) };
    const answer = expectOk(await client.infer(sharedRequest(empty)));
    assert.deepEqual(answer.outputs[0].shape, ['1', '0']);
    const outside = { ...empty, input: inRegion('r', 0, 64) };
    assert.equal(
      expectFailed(await client.infer(sharedRequest(outside))).details,
      "Invalid offset for shared memory region: 'r'",
    );
    await regions.unregister();
  }));

const refused: readonly (readonly [
  what: string,
  shared: Partial<Shared>,
  code: number,
  text: RegExp | string,
])[] = [
  [
    'an unknown region of an input',
    { input: inRegion('x', 8) },
    5,
    "Unable to find shared memory region: 'x'",
  ],
  [
    'an unknown region of an output',
    { output: inRegion('x', 8) },
    5,
    "Unable to find shared memory region: 'x'",
  ],
  [
    'an input outside',
    { input: inRegion('r', 8, 57) },
    3,
    "Invalid offset + byte size for shared memory region: 'r'",
  ],
  [
    'an output outside',
    { output: inRegion('r', 65) },
    3,
    "Invalid offset + byte size for shared memory region: 'r'",
  ],
  ['a negative offset', { input: inRegion('r', 8, -8) }, 3, "Invalid offset for shared memory region: 'r'"],
  [
    'a size that wraps around',
    { input: inRegion('r', -8, 7) },
    3,
    "Invalid offset + byte size for shared memory region: 'r'",
  ],
  [
    'a sum that wraps around',
    { output: inRegion('r', -8, 16) },
    3,
    "Integer overflow detected: byte_size (18446744073709551608) + offset (16) exceeds maximum value (18446744073709551615) for region 'r'",
  ],
  [
    'too few bytes for the shape',
    { input: inRegion('r', 4) },
    3,
    /byte size mismatch for input 'INPUT0' .* Expected 8, got 4$/,
  ],
  [
    'too many bytes for the shape',
    { input: inRegion('r', 12) },
    3,
    /byte size mismatch for input 'INPUT0' .* Expected 8, got 12$/,
  ],
  [
    'an output that does not fit',
    { output: inRegion('r', 7) },
    13,
    "shared memory size specified with the request for output 'OUTPUT0' (7 bytes) should be at least 8 bytes to hold the results",
  ],
];

for (const [what, shared, code, text] of refused) {
  test(`${what} is refused, and the region is free again`, () =>
    withObjects([floats(...Array.from({ length: 16 }, () => 1))], async (object) => {
      await regions.register('r', object, { byteSize: 64 });
      const whole = { shape: [1, 2], input: inRegion('r', 8), output: inRegion('r', 8, 16), ...shared };
      const failure = expectFailed(await client.infer(sharedRequest(whole)));
      assert.equal(failure.code, code);
      if (typeof text === 'string') assert.equal(failure.details, text);
      else assert.match(failure.details, text);
      await regions.unregister('r');
      assert.deepEqual(await regions.names(), []);
      assert.equal(server.lentSlots, 0);
    }));
}

test('in a stream, regions are used as in calls, and their errors come in the stream', () =>
  withObjects([floats(1, 2, 3, 4), 16], async (from, to) => {
    await regions.register('in', from, { byteSize: 16 });
    await regions.register('out', to, { byteSize: 16 });
    const stream = new TestStream(client, inferenceMethod('ModelStreamInfer'), {});
    const good = sharedRequest({ shape: [2, 2], input: inRegion('in', 16), output: inRegion('out', 16) });
    stream.send({ ...good, id: 'a' });
    stream.send({ ...good, id: 'b', outputs: [{ name: 'OUTPUT0', parameters: inRegion('out', 15) }] });
    stream.send({ ...good, id: 'c', outputs: [{ name: 'OUTPUT0', parameters: inRegion('no', 15) }] });
    stream.call.end();
    await stream.status;
    const [a, b, c] = stream.messages;
    assert.equal(a.error_message, '');
    assert.deepEqual(
      a.infer_response.raw_output_contents.map((raw: Buffer) => raw.byteLength),
      [0],
    );
    assert.deepEqual(to.read(0, 16), floats(1, 2, 3, 4));
    assert.match(
      b.error_message,
      /^shared memory size specified .* \(15 bytes\) should be at least 16 bytes/,
    );
    assert.equal(b.infer_response.model_name, 'identity_fp32');
    assert.equal(c.error_message, "Unable to find shared memory region: 'no'");
    assert.equal(c.infer_response.model_name, '');
    await regions.unregister();
    assert.deepEqual(await regions.names(), []);
  }));
