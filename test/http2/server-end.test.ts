import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { errorCode, frameType, streamIdMax } from '../../src/http2/frames.js';
import { makeCertificates, type Certificates } from '../frontends/grpc/transports/certificates.js';
import { eventually } from '../support/eventually.js';
import { dataFrame, headersFrame, pingFrame, resetFrame } from '../support/http2-peer.js';
import { goodbye } from '../support/http2-sessions.js';
import { answer, met, withRig } from '../support/http2-rig.js';

describe('a server that drains', () => {
  test(
    'says so twice, serves what was under way before the second word, and ends when all of it has',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.answersPings = false;
      peer.send(headersFrame(1));
      await rig.request(0);
      let over = false;
      const drained = rig.server.drain().then(() => (over = true));
      await peer.until((log) => log.of(frameType.ping).length === 1, 'the ping');
      assert.deepEqual(peer.log.goAways, [{ lastId: streamIdMax, code: 0, reason: '' }]);
      // The peer has not seen the first word yet.
      assert.equal((await peer.call(3)).body.toString(), 'hello');
      peer.send(headersFrame(5));
      peer.send(pingFrame(peer.log.of(frameType.ping)[0]!.payload.toString(), true));
      await peer.until((log) => log.goAways.length === 2, 'the second word');
      assert.deepEqual(peer.log.goAways[1], { lastId: 5, code: 0, reason: '' });
      peer.send(headersFrame(7));
      assert.equal((await peer.answer(7)).reset, errorCode.refusedStream);
      assert.equal(over, false);
      peer.send(dataFrame(1, 'one', true), dataFrame(5, 'five', true));
      assert.equal((await peer.answer(1)).body.toString(), 'one');
      assert.equal((await peer.answer(5)).body.toString(), 'five');
      await drained;
      await peer.end();
      assert.deepEqual(met(rig), {});
    }),
  );

  test(
    'does not wait for a peer that answers no ping',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.answersPings = false;
      await peer.synced();
      await rig.server.drain();
      await peer.end();
      assert.equal(peer.log.goAways.length, 2);
    }),
  );

  test(
    'takes no new connections, and tells one that has said nothing that it will take nothing',
    withRig({}, async (rig) => {
      const silent = rig.peer({ greet: false });
      await silent.until((log) => log.frames.length > 0, 'the greeting');
      await rig.server.drain();
      await silent.end();
      assert.deepEqual(silent.log.goAways, [{ lastId: 0, code: 0, reason: '' }]);
      const late = rig.peer();
      await late.end();
      assert.equal(late.log.frames.length, 0);
    }),
  );

  test(
    'is not held up by a peer that keeps its side open and does not read',
    withRig({}, async (rig) => {
      rig.onEnd = (served) => answer(served, Buffer.alloc(1000));
      const peer = rig.peer();
      await peer.call(1);
      peer.answersPings = false;
      peer.socket.pause();
      await rig.server.drain();
      assert.equal(rig.server.connectionCount, 0);
    }),
  );
});

describe('a peer that leaves', () => {
  test(
    'with GOAWAY gets the answers of its streams, and the end of the connection',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.send(headersFrame(1), goodbye());
      await rig.request(0);
      await peer.synced();
      assert.equal(peer.closed, false);
      peer.send(dataFrame(1, 'last', true));
      assert.equal((await peer.answer(1)).body.toString(), 'last');
      await peer.end();
      assert.deepEqual(peer.log.goAways, []);
    }),
  );

  test(
    'without streams is let go at once',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.send(goodbye());
      assert.equal(await peer.end(), undefined);
    }),
  );

  test(
    'without a word ends its streams once each',
    withRig({}, async (rig) => {
      const peer = rig.peer();
      peer.send(...[1, 3, 5].map((id) => headersFrame(id)), resetFrame(3));
      await rig.request(2);
      peer.socket.resetAndDestroy();
      await eventually(() => rig.server.connectionCount === 0, 'it is gone');
      assert.deepEqual(
        rig.served.map(({ closes }) => closes),
        [[errorCode.cancel], [errorCode.cancel], [errorCode.cancel]],
      );
    }),
  );
});

describe('over TLS', () => {
  let first: Certificates;
  let second: Certificates;
  before(async () => void ([first, second] = await Promise.all([makeCertificates(), makeCertificates()])));

  test('new certificates hold for new connections, and those that are open stay', () =>
    withRig({ tls: first.server }, async (rig) => {
      const old = rig.peer({ tls: { ca: first.ca } });
      assert.equal((await old.call(1)).body.toString(), 'hello');
      rig.server.setCertificates(second.server);
      const young = rig.peer({ tls: { ca: second.ca } });
      assert.equal((await young.call(1)).body.toString(), 'hello');
      assert.equal((await old.call(3)).body.toString(), 'hello');
      const untrusting = rig.peer({ tls: { ca: first.ca } });
      await eventually(() => untrusting.closed, 'the old authority knows the server no more');
      assert.equal(old.closed, false);
    })());

  test('who speaks no HTTP/2 is not let in', () =>
    withRig({ tls: first.server }, async (rig) => {
      const where = { host: '127.0.0.1', port: rig.port, ca: first.ca };
      const socket = connectTls({ ...where, ALPNProtocols: ['http/1.1'] });
      let closed = false;
      socket.on('error', () => {});
      socket.on('close', () => (closed = true));
      await eventually(() => closed, 'the handshake has failed');
      assert.equal(rig.server.connectionCount, 0);
      assert.equal((await rig.peer({ tls: { ca: first.ca } }).call(1)).body.toString(), 'hello');
    })());

  test('a drain does not wait for a handshake that stands still', () =>
    withRig({ tls: first.server }, async (rig) => {
      const plain = rig.peer({ greet: false });
      plain.send(Buffer.from([22, 3, 1]));
      await eventually(() => plain.socket.bytesWritten > 0, 'the first bytes');
      await rig.server.drain();
      await plain.end();
    })());
});
