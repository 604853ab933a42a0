import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { methodOf, TestClient } from '../../support/client.js';
import { sampleModels, startServer, type TestServer } from '../../support/server.js';
import { TestStream } from '../../support/stream.js';
import { eventually } from './transports/rig.js';

let server: TestServer;
let client: TestClient;

beforeEach(async () => {
  server = await startServer({ repository: sampleModels });
  client = new TestClient(server.port);
});

afterEach(async () => {
  client.close();
  await server.close();
});

test('a watch of health says NOT_SERVING when the front end drains, and ends', async () => {
  const watch = new TestStream(client, methodOf('grpc.health.v1.Health', 'Watch'));
  watch.send({ service: '' });
  watch.call.end();
  await eventually(() => watch.messages.length === 1, 'the first status');
  const drain = server.frontEnd.drain();
  assert.equal((await watch.status).code, 0);
  assert.deepEqual(
    watch.messages.map(({ status }) => status),
    ['SERVING', 'NOT_SERVING'],
  );
  await drain;
});

test('a watch of health hears that the server exits, and may be cancelled', async () => {
  const method = methodOf('grpc.health.v1.Health', 'Watch');
  const [stays, goes] = [new TestStream(client, method), new TestStream(client, method)];
  for (const watch of [stays, goes]) {
    watch.send({ service: '' });
    watch.call.end();
    await eventually(() => watch.messages.length === 1, 'the first status');
  }
  goes.call.cancel();
  await eventually(() => server.frontEnd.callCount === 1, 'one watch is left');
  server.server.beginExit();
  await eventually(() => stays.messages.length === 2, 'the second status');
  assert.deepEqual(
    stays.messages.map(({ status }) => status),
    ['SERVING', 'NOT_SERVING'],
  );
  assert.equal(goes.messages.length, 1);
});
