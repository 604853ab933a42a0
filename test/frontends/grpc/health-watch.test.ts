import assert from 'node:assert/strict';
import { test } from 'node:test';
import { methodOf, TestClient, type AnyMessage } from '../../support/client.js';
import { sampleModels, startServer } from '../../support/server.js';

test('a watch of the health hears that the server leaves, ends, and does not hold up the drain', async () => {
  const server = await startServer({ repository: sampleModels });
  const client = new TestClient(server.port);
  const { path, requestSerialize, responseDeserialize } = methodOf('grpc.health.v1.Health', 'Watch');
  const watch = client.raw.makeServerStreamRequest(
    path,
    requestSerialize,
    (bytes: Buffer): AnyMessage => responseDeserialize(bytes),
    {},
  );
  const told: string[] = [];
  let drained: Promise<void> | undefined;
  for await (const { status } of watch) {
    told.push(status);
    drained ??= server.frontEnd.drain();
  }
  await drained;
  assert.deepEqual(told, ['SERVING', 'NOT_SERVING']);
  client.close();
  await server.close();
});
