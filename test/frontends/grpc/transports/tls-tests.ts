import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { connect } from 'node:net';
import { before, test } from 'node:test';
import { eventually, paths, pattern, turns, type Start } from './rig.js';
import { makeCertificates, type Certificates } from './certificates.js';

export function tlsTests(start: Start): void {
  let ours: Certificates;
  let others: Certificates;

  before(async () => {
    [ours, others] = await Promise.all([makeCertificates(), makeCertificates()]);
  });

  const oneSided = () => ({ cert: ours.server.cert, key: ours.server.key, clientCa: undefined });
  const mutual = () => ({ ...oneSided(), clientCa: ours.ca });
  const shows = ({ client }: Certificates) => credentials.createSsl(ours.ca, client.key, client.cert);

  test('a client that trusts the certificate is served, and knows its peer', async () => {
    const rig = await start({ tls: oneSided() });
    const client = rig.client(credentials.createSsl(ours.ca));
    const { code, bytes } = await client.unary(paths.unary, pattern(200_000));
    assert.equal(code, 0);
    assert.deepEqual(bytes, pattern(200_000));
    const { receivedBytes, sentBytes, openCount } = rig.transport.traffic;
    assert.ok(receivedBytes > 200_000 && sentBytes > 200_000);
    assert.equal(openCount, 1);
    rig.service.unary = async (_, call) => Buffer.from(call.peer);
    assert.match(String((await client.unary(paths.unary, Buffer.alloc(0))).bytes), /^127\.0\.0\.1:\d+$/);
  });

  test('a client that trusts another authority does not connect', async () => {
    const rig = await start({ tls: oneSided() });
    const { code } = await rig.client(credentials.createSsl(others.ca)).unary(paths.unary, Buffer.from('x'));
    assert.equal(code, 14);
  });

  test('a client that speaks no TLS does not connect, and harms nobody', async () => {
    const rig = await start({ tls: oneSided() });
    const { code } = await rig.client().unary(paths.unary, Buffer.from('x'));
    assert.equal(code, 14);
    const good = await rig.client(credentials.createSsl(ours.ca)).unary(paths.unary, Buffer.from('x'));
    assert.equal(good.code, 0);
  });

  test('compression is chosen under TLS as without it', async () => {
    const rig = await start({ tls: oneSided(), responseCompression: 'low' });
    const raw = rig.raw({ ca: ours.ca });
    const call = await raw.unary(paths.unary, pattern(5000), { headers: { 'grpc-accept-encoding': 'gzip' } });
    assert.equal((await call.headers)['grpc-encoding'], 'gzip');
  });

  test('with mutual TLS a client with a certificate of the authority is served', async () => {
    const rig = await start({ tls: mutual() });
    assert.equal((await rig.client(shows(ours)).unary(paths.unary, Buffer.from('x'))).code, 0);
  });

  test('with mutual TLS a client without a certificate, or with a foreign one, is refused', async () => {
    const rig = await start({ tls: mutual() });
    let seen = 0;
    rig.service.unary = async (request) => {
      seen++;
      return Buffer.from(request);
    };
    assert.equal(
      (await rig.client(credentials.createSsl(ours.ca)).unary(paths.unary, Buffer.from('x'))).code,
      14,
    );
    assert.equal((await rig.client(shows(others)).unary(paths.unary, Buffer.from('x'))).code, 14);
    assert.equal(seen, 0);
  });

  test('a drain under TLS lets the running stream finish', async () => {
    const rig = await start({ tls: oneSided() });
    const raw = rig.raw({ ca: ours.ca });
    const call = raw.open(paths.talk);
    await eventually(() => rig.transport.callCount === 1, 'the stream is open');
    const drain = rig.transport.drain();
    call.stream.end();
    await call.closed;
    assert.equal(call.status, 0);
    await drain;
  });

  test('a drain under TLS does not wait for a connection that has said nothing', async () => {
    const rig = await start({ tls: oneSided() });
    const socket = connect({ host: '127.0.0.1', port: rig.port, allowHalfOpen: true });
    socket.on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    await turns(20);
    await rig.transport.drain();
    socket.destroy();
  });
}
