import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  expectOk,
  inferenceMethod,
  TestClient,
  type AnyMessage,
  type Outcome,
} from '../../support/client.js';
import { eventually } from '../../support/eventually.js';
import { inRegion, RegionClient, sharedRequest, texts } from '../../support/regions.js';
import { startServer, testModels, type TestServer } from '../../support/server.js';
import { withObjects } from '../../support/shared-object.js';

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

test('an object that was cut fails who reads or writes it and nobody else, and the server goes on', () =>
  withObjects([4096, 4096], async (object, whole) => {
    await regions.register('cut', object, { byteSize: 4096 });
    await regions.register('whole', whole, { byteSize: 4096 });
    object.truncate(0);
    const cut = "shared memory region 'cut' is smaller than when it was registered: its object was cut off";
    const of = (input: string, output: string): AnyMessage =>
      sharedRequest({ shape: [1, 1024], input: inRegion(input, 4096), output: inRegion(output, 4096) });
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        client.infer(of(index % 3 === 1 ? 'cut' : 'whole', index % 3 === 2 ? 'cut' : 'whole')),
      ),
    );
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 3 === 0) expectOk(outcome);
      else assert.deepEqual(outcome, { kind: 'failed', code: 3, details: cut });
    }
    const bytes = sharedRequest({
      model: 'identity_bytes',
      datatype: 'BYTES',
      shape: [1, 1],
      input: inRegion('cut', 8),
    });
    assert.equal(expectFailed(await client.infer(bytes)).details, cut);
    assert.equal(object.read(0, 1)[0], 0);
    await regions.unregister();
    assert.equal(server.lentSlots, 0);
  }));

const longRun = (count: number): Buffer => Buffer.from(BigInt64Array.of(BigInt(count)).buffer);

test('a region that is unregistered while a request uses it goes with that request', () =>
  withObjects([longRun(20_000), 8], async (object, result) => {
    await regions.register('r', object, { byteSize: 8 });
    await regions.register('out', result, { byteSize: 8 });
    const running = client.infer({
      model_name: 'slow',
      inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1], parameters: inRegion('r', 8) }],
      outputs: [{ name: 'DONE', parameters: inRegion('out', 8) }],
    });
    const slow = () => server.server.inFlight().find(({ model }) => model === 'slow')?.count ?? 0;
    await eventually(() => slow() > 0, 'the request runs');
    await regions.unregister();
    assert.deepEqual((await regions.names()).toSorted(), ['out', 'r']);
    const again = await regions.call('SystemSharedMemoryRegister', {
      name: 'r',
      key: object.key,
      byte_size: 8,
    });
    assert.equal(expectFailed(again).details, "shared memory region 'r' already in manager");
    assert.equal(slow(), 1);
    expectOk(await running);
    assert.deepEqual(result.read(0, 8), longRun(20_000));
    assert.deepEqual(await regions.names(), []);
    await eventually(() => object.openCount === 0 && result.openCount === 0, 'nothing is open');
  }));

test('a request that is given up lets go of its regions', () =>
  withObjects([longRun(20_000)], async (object) => {
    await regions.register('r', object, { byteSize: 8 });
    const message = {
      model_name: 'slow',
      inputs: [{ name: 'ITERATIONS', datatype: 'INT64', shape: [1], parameters: inRegion('r', 8) }],
    };
    const method = inferenceMethod('ModelInfer');
    const calls = [0, 1, 2].map(() => client.open(method, method.requestSerialize(message)));
    const slow = () => server.server.inFlight().find(({ model }) => model === 'slow')?.count ?? 0;
    await eventually(() => slow() === 3, 'the requests are there');
    await regions.unregister();
    for (const open of calls) open.cancel();
    await eventually(() => slow() === 0, 'none is left');
    await eventually(async () => (await regions.names()).length === 0, 'the region went');
    await eventually(() => object.openCount === 0, 'nothing is open');
  }));

test('a region of more than the server holds at once is refused before anything is read', () =>
  withObjects([8], async (object) => {
    object.truncate(2 ** 40);
    await regions.register('huge', object, { byteSize: 2 ** 40 });
    const message = sharedRequest({ shape: [1, 2 ** 38], input: inRegion('huge', 2 ** 40) });
    const outcome = await client.infer(message);
    assert.ok(outcome.kind === 'failed');
    assert.match(
      outcome.details,
      /inputs of 1099511627776 bytes in shared memory are more than the server holds at once/,
    );
    await regions.unregister();
    assert.deepEqual(await regions.names(), []);
  }));

/** Changes the first length of a tensor of texts as fast as it can. */
const tamperer = `
  const { openSync, writeSync } = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  const fd = openSync(workerData, 'r+');
  let over = false;
  parentPort.once('message', () => (over = true));
  const lengths = [4, 0, 0xffffffff, 8, 3].map((length) => new Uint8Array(Uint32Array.of(length).buffer));
  const write = () => {
    for (let i = 0; i < 500; i++) writeSync(fd, lengths[i % lengths.length], 0, 4, 0);
    if (!over) setImmediate(write);
    else process.exit(0);
  };
  parentPort.postMessage('begun');
  write();
`;

test('texts that their client changes meanwhile are whole or refused, never read otherwise', () =>
  withObjects([texts('vier', 'vier')], async (object) => {
    await regions.register('in', object, { byteSize: 16 });
    const worker = new Worker(tamperer, { eval: true, workerData: object.file });
    await new Promise((resolve) => worker.once('message', resolve));
    const message = sharedRequest({
      model: 'identity_bytes',
      datatype: 'BYTES',
      shape: [1, 2],
      input: inRegion('in', 16),
    });
    const tail = Buffer.from('vier');
    for (let count = 0; count < 300; count++) {
      // oxlint-disable-next-line no-await-in-loop
      const outcome = await client.infer(message);
      if (outcome.kind === 'failed') {
        assert.equal(outcome.code, 3);
        assert.match(outcome.details, /string|UTF-8|NUL/);
        continue;
      }
      const [raw] = outcome.response.raw_output_contents;
      assert.equal(raw.byteLength, 16);
      assert.deepEqual(raw.subarray(12), tail);
    }
    worker.postMessage('stop');
    await new Promise((resolve) => worker.once('exit', resolve));
    await regions.unregister();
    assert.ok(server.server.ready());
    assert.equal(server.lentSlots, 0);
  }));
