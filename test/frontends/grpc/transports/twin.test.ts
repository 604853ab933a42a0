import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as fc from 'fast-check';
import { GrpcJsTransport } from '../../../../src/frontends/grpc/transports/grpc-js.js';
import { Http2Transport } from '../../../../src/frontends/grpc/transports/http2.js';
import { Rig } from './rig.js';
import { play, session } from './twin-sessions.js';

// What is not compared, because it may differ: response headers that are not gRPC's (date), the message of an
// OK (grpc-js says 'OK'), the reset that may follow an answer given before the end of the request, and how much
// of a request has come when it is answered early.
describe('the two transports', () => {
  const ours = new Rig((methods, options) => new Http2Transport(methods, options));
  const twin = new Rig((methods, options) => new GrpcJsTransport(methods, options));
  before(async () => {
    await ours.listen();
    await twin.listen();
  });
  after(async () => {
    await ours.close();
    await twin.close();
  });

  test('give the same answers to any session', async () => {
    await fc.assert(
      fc.asyncProperty(session, async (session) => {
        const [found, expected] = await Promise.all([play(ours, session), play(twin, session)]);
        assert.deepEqual(found, expected);
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});
