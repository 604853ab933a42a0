import assert from 'node:assert/strict';
import { Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import { expectOk, inferenceMethod, type AnyMessage, type TestClient } from '../../support/client.js';
import type { TestServer } from '../../support/server.js';
import { batching, fp32 } from './row.js';

/** What came out of a stream: its messages, and the status that it ended with. */
export interface StreamOutcome {
  readonly messages: readonly AnyMessage[];
  readonly code: number;
  readonly details: string;
}

/** Sends requests, or bytes that are none, on one ModelStreamInfer and reads it to its end. */
export function streamInfer(
  client: TestClient,
  requests: readonly AnyMessage[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<StreamOutcome> {
  const method = inferenceMethod('ModelStreamInfer');
  const headers = new Metadata();
  for (const [key, value] of Object.entries(metadata)) headers.set(key, value);
  const stream: ClientDuplexStream<AnyMessage, AnyMessage> = client.raw.makeBidiStreamRequest(
    method.path,
    (message: AnyMessage) => (Buffer.isBuffer(message) ? message : method.requestSerialize(message)),
    (bytes: Buffer): AnyMessage => method.responseDeserialize(bytes),
    headers,
  );
  const messages: AnyMessage[] = [];
  return new Promise((resolve) => {
    stream.on('data', (message) => messages.push(message));
    stream.on('error', () => {});
    stream.on('status', ({ code, details }) => resolve({ messages, code, details }));
    for (const request of requests) stream.write(request);
    stream.end();
  });
}

/** The server answers a good request, all its models are ready, and no instance was ever replaced. */
export async function expectHealthy(client: TestClient, server: TestServer): Promise<void> {
  const response = expectOk(await client.infer(batching({ id: 'good' })));
  assert.equal(response.id, 'good');
  assert.deepEqual(response.raw_output_contents, [fp32(1, 2, 3, 4)]);
  assert.deepEqual(expectOk(await client.call(inferenceMethod('ServerReady'), {})), { ready: true });
  assert.deepEqual(
    server.lines.filter((line) => /instance of|starting a new one/.test(line)),
    [],
  );
}

/** Counts what would have ended the process: errors that nobody has caught. */
export function watchUncaught(): { readonly count: () => number } {
  let count = 0;
  process.on('uncaughtExceptionMonitor', () => count++);
  return { count: () => count };
}
