import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toServeOptions, type ServeOptions } from '../../src/cli/options.js';

function options(...given: readonly (readonly [name: string, value: string])[]): ServeOptions {
  return toServeOptions(
    new Map([['model-repository', ['models']], ...given.map(([name, value]) => [name, [value]] as const)]),
  );
}

test('every limit arrives where it is used', () => {
  const { grpc: all } = options(
    ['grpc-max-connections', '31'],
    ['grpc-max-streams-per-connection', '32'],
    ['grpc-max-resets-per-second', '33'],
    ['grpc-max-idle-frames-per-second', '34'],
    ['grpc-max-metadata-bytes', '1035'],
    ['grpc-receive-timeout-ms', '36'],
    ['grpc-send-timeout-ms', '37'],
    ['grpc-idle-timeout-ms', '38'],
    ['grpc-max-pending-response-bytes', '39'],
    ['grpc-max-total-pending-response-bytes', '40'],
    ['grpc-max-decompressed-bytes', '41'],
    ['grpc-exact-receive-bytes', '42'],
    ['grpc-max-receiving-bytes', '45'],
    ['grpc-max-idle-request-bytes', '0'],
    ['grpc-stream-window-bytes', '70043'],
    ['grpc-connection-window-bytes', '70044'],
  );
  assert.deepEqual(all?.limits, {
    connectionsMax: 31,
    streamsMax: 32,
    resetsPerSecondMax: 33,
    idleFramesPerSecondMax: 34,
    headerListBytesMax: 1035,
    receiveTimeoutMs: 36,
    sendTimeoutMs: 37,
    idleTimeoutMs: 38,
    pendingBytesMax: 39,
    pendingBytesMaxOfServer: 40,
    decompressedBytesMax: 41,
    exactReceiveBytesMax: 42,
    receivingBytesMax: 45,
    keptRequestBytesMax: 0,
    streamWindowBytes: 70043,
    connectionWindowBytes: 70044,
  });
});

describe('what grpc-js cannot do', () => {
  for (const [name, value] of [
    ['grpc-http2-max-ping-strikes', '2'],
    ['grpc-http2-min-recv-ping-interval-without-data', '1000'],
    ['grpc-http2-max-pings-without-data', '2'],
    ['grpc-keepalive-permit-without-calls', 'false'],
    ['grpc-max-connections', '5'],
    ['grpc-receive-timeout-ms', '5'],
  ] as const) {
    test(`--${name}=${value} is refused with it, and taken with http2`, () => {
      assert.throws(() => options(['grpc-transport', 'grpc-js'], [name, value]), {
        message: `--${name}=${value} needs --grpc-transport=http2: grpc-js cannot do it; leave it out or change the transport`,
      });
      options(['grpc-transport', 'http2'], [name, value]);
    });
  }

  test('a flag that asks grpc-js for what it does anyway is taken', () => {
    const { grpc } = options(
      ['grpc-transport', 'grpc-js'],
      ['grpc-keepalive-permit-without-calls', 'ON'],
      ['grpc-http2-max-ping-strikes', '0'],
    );
    assert.equal(grpc?.transport, 'grpc-js');
  });

  test('another transport is refused by name', () => {
    assert.throws(() => options(['grpc-transport', 'quic']), {
      message: "--grpc-transport is 'quic', expected one of: http2, grpc-js",
    });
  });
});
